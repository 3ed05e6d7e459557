"""How texts are read that deny paths, and that redirect on conditions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from ingressd.compiler.annotations.values import Parser
from ingressd.routing.deciding.conditions import anywhere
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import (
    Condition,
    ConditionalRedirect,
    DeniedPath,
    PathMatch,
    Trait,
)
from ingressd.routing.variables import parse_template

_DENIED = re.compile(r"(?:([=~])[ \t]+)?(\S+?)(\*?)(?:[ \t]+([45][0-9][0-9]))?")
_REDIRECT = re.compile(
    r"(host|path|scheme|method|header[ \t]+[!#$%&'*+.^_`|~0-9A-Za-z-]+)"
    r"[ \t]+(!?[=~])[ \t]+(\S+)[ \t]+(30[12378])[ \t]+(\S+)"
)
_LOCATION = re.compile(r"(?:https?://|\$scheme://|/)[\x21-\x7e]*|\$[\x21-\x7e]+")
_MOST_LINES = 100

_T = TypeVar("_T")


def denied_paths() -> Parser:
    """Lines of paths, each with a status behind it where it is not 403."""
    return Parser(
        'lines of a path (/admin, "/admin*" for any start, "= /admin" for itself, '
        '"~ \\.git" for an expression), each with a status from 400 to 599 behind it or none',
        lambda text: _each_line(text, _denied),
    )


def conditional_redirects() -> Parser:
    """Lines of a condition, a status and a URL or path."""
    return Parser(
        'lines such as "host = old.example 301 https://new.example$request_uri": host, path, '
        "scheme, method or header NAME; =, !=, ~ or !~; text without spaces; 301, 302, 303, 307 or "
        "308; a URL or path",
        lambda text: _each_line(text, _redirect),
    )


def _each_line(text: str, read: Callable[[str], _T]) -> tuple[_T, ...]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines or len(lines) > _MOST_LINES:
        raise ValueError("no line, or too many")
    return tuple(map(read, lines))


def _denied(line: str) -> DeniedPath:
    found = _DENIED.fullmatch(line)
    if found is None:
        raise ValueError("not a path and a status")
    kind, text, star, status = found.groups()
    match = PathMatch(kind or star)
    if match is PathMatch.REGEX:
        text += star
        compile_pattern(anywhere(text))
    elif not text.startswith("/") or (kind and star):
        raise ValueError("not a path")
    return DeniedPath(match, text, int(status or 403))


def _redirect(line: str) -> ConditionalRedirect:
    found = _REDIRECT.fullmatch(line)
    if found is None:
        raise ValueError("not a condition, a status and a URL")
    what, sign, text, status, location = found.groups()
    trait, _, name = what.partition(" ")
    is_regex = sign.endswith("~")
    if is_regex:
        compile_pattern(anywhere(text))
    if not _LOCATION.fullmatch(location):
        raise ValueError("neither a URL nor a path")
    parse_template(location, groups=True)
    condition = Condition(
        Trait(trait.strip()), text, name.strip().lower(), is_regex, sign.startswith("!")
    )
    return ConditionalRedirect(condition, int(status), location)
