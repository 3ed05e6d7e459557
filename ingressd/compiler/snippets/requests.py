"""Directives that refuse requests or send them elsewhere: locations, conditions and what is in
them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ingressd.compiler.snippets.nginx import Directive
from ingressd.compiler.snippets.replacement import (
    DENIED,
    REDIRECTED,
    Left,
    Line,
    Part,
    Setting,
)

_EVERYTHING = "path ~ ^"
_SIGNS = {"=": "=", "!=": "!=", "~": "~", "~*": "~", "!~": "!~", "!~*": "!~"}
_TRAITS = {
    "$host": "host",
    "$http_host": "host",
    "$scheme": "scheme",
    "$request_method": "method",
    "$uri": "path",
    "$document_uri": "path",
    "$request_uri": "path",
}
_REDIRECTS = ("301", "302", "303", "307", "308")
_FLAGS = {"permanent": "301", "redirect": "302"}
_REFUSAL = re.compile(r"[45][0-9][0-9]")
_AGENTS = "block-user-agents and block-referers of the ConfigMap refuse by User-Agent and Referer"
_OTHER_INGRESS = "make an Ingress for this path alone, with allowlist-source-range"


def return_(directive: Directive, condition: str = _EVERYTHING) -> Iterator[Part]:
    """``return STATUS [URL]``, or ``return URL``."""
    words = directive.words[1:]
    if len(words) == 1 and words[0].startswith(("http://", "https://", "$scheme://")):
        words = ("302", *words)
    if len(words) == 2 and words[0] in _REDIRECTS:
        yield Line(REDIRECTED, f"{condition} {words[0]} {words[1]}")
        return
    if not words or not _REFUSAL.fullmatch(words[0]):
        raise ValueError("not of this form")
    yield _refused(condition, words[0])


def rewrite(directive: Directive, condition: str = _EVERYTHING) -> Iterator[Part]:
    """``rewrite REGEX URL permanent|redirect``; other rewrites stay within nginx."""
    _, expression, location, *flags = directive.words
    if condition != _EVERYTHING:
        raise ValueError("two conditions")
    is_url = location.startswith(("http://", "https://", "$scheme://"))
    if not is_url and flags not in (["permanent"], ["redirect"]):
        yield Left("rewrite-target changes the path that pods are asked for")
        return
    status = _FLAGS[flags[0]] if flags else "302"
    bare, keeps_query = location.removesuffix("?"), not location.endswith("?")
    query = "$is_args$args" if keeps_query and "?" not in bare else ""
    yield Line(REDIRECTED, f"path ~ {expression} {status} {bare}{query}")


def if_(directive: Directive) -> Iterator[Part]:
    """``if (CONDITION) { return ...; }``."""
    condition = _condition(list(directive.words[1:]))
    for inner in directive.block or ():
        yield from _inside(inner, condition)


def location(directive: Directive) -> Iterator[Part]:
    """``location [MODIFIER] PATH { deny all; }`` or with ``return``."""
    *modifier, path = directive.words[1:]
    match modifier:
        case ["="]:
            condition = f"path = {path}"
        case ["~"] | ["~*"]:
            condition = f"path ~ {path}"
        case [] | ["^~"]:
            condition = f"path ~ {_starting_with(path)}"
        case _:
            raise ValueError("no location")
    block = directive.block or ()
    if any(inner.name == "allow" and inner.words[1:] != ("all",) for inner in block):
        yield Left(_OTHER_INGRESS)
        return
    plain = [inner for inner in block if inner.name not in ("access_log", "log_not_found")]
    for inner in plain[:1]:  # nothing comes after it
        parts = _inside(inner, condition)
        yield from parts if modifier not in ([], ["^~"]) else _shortened(parts, path)


def addresses(directives: list[Directive]) -> Iterator[Part]:
    """All ``allow`` and ``deny`` of a block together: the first that is met counts."""
    rules = [(directive.name, *directive.words[1:]) for directive in directives]
    *others, last = rules
    kinds = {rule[0] for rule in others}
    if any(len(rule) != 2 for rule in rules):
        raise ValueError("not of this form")
    if last == ("deny", "all") and not others:
        yield Line(DENIED, "/")
    elif last == ("deny", "all") and kinds == {"allow"}:
        yield Setting("allowlist-source-range", ",".join(rule[1] for rule in others))
    elif last == ("allow", "all") and kinds == {"deny"}:
        yield Setting("denylist-source-range", ",".join(rule[1] for rule in others))
    elif kinds | {last[0]} == {"deny"}:
        yield Setting("denylist-source-range", ",".join(rule[1] for rule in rules))
    else:
        yield Left("allowlist-source-range and denylist-source-range say it, one after the other")


def _inside(directive: Directive, condition: str) -> Iterator[Part]:
    if directive.words == ("deny", "all"):
        yield _refused(condition, "403")
    elif directive.name == "return":
        yield from return_(directive, condition)
    elif directive.name == "rewrite":
        yield from rewrite(directive, condition)
    else:
        raise ValueError("not of this form")


def _refused(condition: str, status: str) -> Part:
    """What is refused by path can be said; by anything else it cannot."""
    what, sign, text = condition.split(" ", 2)
    suffix = "" if status == "403" else f" {status}"
    if what != "path" or sign.startswith("!"):
        return Left(_AGENTS)
    if condition == _EVERYTHING:
        return Line(DENIED, f"/{suffix}")
    return Line(DENIED, f"{sign} {text}{suffix}")


def _shortened(parts: Iterable[Part], path: str) -> Iterator[Part]:
    """What is denied by the start of a path needs no expression."""
    for part in parts:
        if isinstance(part, Line) and part.annotation == DENIED:
            yield Line(DENIED, part.text.replace(f"~ {_starting_with(path)}", f"{path}*", 1))
        else:
            yield part


def _starting_with(path: str) -> str:
    return f"^{re.escape(path)}"


def _condition(words: list[str]) -> str:
    """``( $variable [SIGN TEXT] )`` as a condition of ours; spaces may stand anywhere in it."""
    text = " ".join(words).strip()
    if not (text.startswith("(") and text.endswith(")")):
        raise ValueError("no condition")
    variable, *rest = text[1:-1].split()
    if not rest:
        return f"{_trait(variable)} ~ ."
    if len(rest) != 2 or rest[0] not in _SIGNS:
        raise ValueError("not such a condition")
    return f"{_trait(variable)} {_SIGNS[rest[0]]} {rest[1]}"


def _trait(variable: str) -> str:
    trait = _TRAITS.get(variable)
    if trait is not None:
        return trait
    if not variable.startswith("$http_"):
        raise ValueError("nothing that a condition looks at")
    return f"header {variable.removeprefix('$http_').replace('_', '-')}"
