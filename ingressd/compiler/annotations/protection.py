"""When the text of an annotation closes something, so that serving without it would be too open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ingressd.compiler.annotations.values import parse_bool
from ingressd.compiler.snippets.nginx import Directive, parse

Protects: TypeAlias = Callable[[str], bool]

_DENYING = (
    r"deny|allow|include|internal|auth_\w+|limit_\w+|modsecurity\w*|secure_link\w*|ssl_verify_client"
    r"|(?:access|rewrite|content)_by_lua\w*"
)
_DENYING_NAME = re.compile(_DENYING)
_ERROR = re.compile(r"[45][0-9][0-9]")
_GATE = re.compile(
    r"\(\s*\$(?:cookie_|http_cookie|http_authorization|remote_|realip_|ssl_client_)\w*"
    r"\s*(?:!=|!~|=\s*\)).*"
)
"""A condition that holds for whoever lacks something: who is sent elsewhere then is kept out."""

_DENYING_TEXT = re.compile(rf"\b(?:{_DENYING}|return\s+{_ERROR.pattern})\b")


def nothing(text: str) -> bool:
    """Whatever it says, no more is open without it."""
    return False


def always(text: str) -> bool:
    """Whatever it says, and the more so if it cannot be read."""
    return True


def unless_empty(text: str) -> bool:
    """Unless it says nothing."""
    return bool(text.strip())


def unless_off(text: str) -> bool:
    """Unless it says nothing, "off", or false as Go writes it."""
    try:
        return parse_bool(text)
    except ValueError:
        return text.strip() not in ("", "off")


def if_true(text: str) -> bool:
    """Only if it is true as Go writes it."""
    try:
        return parse_bool(text)
    except ValueError:
        return False


def if_it_denies(text: str) -> bool:
    """If the nginx directives of a snippet deny, limit or authenticate, or a file that it includes
    may do so."""
    try:
        return any(map(_denies, parse(text)))
    except ValueError:  # such as the Lua in a block: whatever looks like one counts
        return _DENYING_TEXT.search(text) is not None


def _denies(directive: Directive) -> bool:
    """If it does so itself, or what stands in its block does."""
    name, *words = directive.words
    block = directive.block or ()
    if _DENYING_NAME.fullmatch(name) or any(map(_denies, block)):
        return True
    if name == "if":
        leads_away = any(inner.name in ("return", "rewrite") for inner in block)
        return leads_away and _GATE.fullmatch(" ".join(words)) is not None
    if name == "proxy_ssl_verify":
        return words == ["on"]
    return name == "return" and bool(words) and _ERROR.fullmatch(words[0]) is not None
