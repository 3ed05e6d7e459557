"""How the text of an annotation becomes a value: ingress-nginx's parsers, type by type.

A parser raises ValueError for text it does not take; what it does take stands in ``expected``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import NamedTuple

from ingressd.routing.networks import Networks
from ingressd.routing.patterns import compile_within
from ingressd.routing.policy import RetryAfter
from ingressd.routing.variables import parse_template

_PRINTABLE = re.compile(r"[ -~]+")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?[0-9]+")
_INT64 = 1 << 63
_SIZE = re.compile(r"([0-9]{1,19})([kKmMgG]?)")
_UNITS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_TIME_PART = re.compile(r"([0-9]{1,9})(ms|[smhdw]?)")
_TIME = re.compile(r"[0-9]{1,9}|[0-9]{1,9}(?:ms|[smhdw])(?: ?[0-9]{1,9}(?:ms|[smhdw]))*")
_SHIFTS = {"": 0, "k": 10, "m": 20, "g": 30}


_CONDITIONS = {
    "error": 0,
    "timeout": 0,
    "invalid_header": 0,
    "http_500": 500,
    "http_502": 502,
    "http_503": 503,
    "http_504": 504,
    "http_403": 403,
    "http_404": 404,
    "http_429": 429,
    "non_idempotent": 0,
    "off": 0,
}
"""Words for what makes a request be tried again, and the statuses that they stand for."""


class Parser(NamedTuple):
    """Turns text into the value of a policy field; ``expected`` completes "expected ...".

    None as the value means: this leaves the field as it would be without the annotation.
    """

    expected: str
    parse: Callable[[str], object]


def parse_bool(text: str) -> bool:
    """Go's ``strconv.ParseBool``: neither "yes" nor "on", and no spaces."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("not a Go boolean")


def is_same(text: str, usual: str) -> bool:
    """Whether a text says the same as another one, which may be a boolean; case never counts."""
    if usual not in ("true", "false"):
        return text.strip().lower() == usual
    try:
        return parse_bool(text) is parse_bool(usual)
    except ValueError:
        return False


def parse_int(text: str) -> int:
    """Go's ``strconv.Atoi``: decimal, no unit, within 64 bits."""
    if not _INTEGER.fullmatch(text) or len(text) > 20:
        raise ValueError("not a whole number")
    value = int(text)
    if not -_INT64 <= value < _INT64:
        raise ValueError("out of range")
    return value


def parse_text(text: str) -> str:
    """ingress-nginx's string: each line trimmed; empty is invalid, and so is a line break."""
    value = "\n".join(line.strip(" \t\r") for line in text.split("\n")).strip("\n")
    if not value:
        raise ValueError("empty")
    if "\n" in value:
        raise ValueError("more than one line")
    return value


def boolean() -> Parser:
    """True or False."""
    return Parser("true or false", parse_bool)


def on_off() -> Parser:
    """True or False, in nginx's words."""

    def parse(text: str) -> bool:
        word = parse_text(text)
        if word not in ("on", "off"):
            raise ValueError("neither on nor off")
        return word == "on"

    return Parser("on or off", parse)


def on_or_off() -> Parser:
    """True or False, as nginx writes them."""

    def parse(text: str) -> bool:
        word = text.strip()
        if word not in ("on", "off"):
            raise ValueError("neither on nor off")
        return word == "on"

    return Parser("on or off", parse)


def switch(*, on: object = None, off: object = None) -> Parser:
    """A boolean that stands for one of two values; None leaves the field alone."""
    return Parser("true or false", lambda text: on if parse_bool(text) else off)


def seconds(at_least: int = 1) -> Parser:
    """A whole number of seconds, as a float."""

    def parse(text: str) -> float:
        return float(_parse_from(at_least, text))

    return Parser(f"a whole number of seconds without a unit, at least {at_least}", parse)


def duration() -> Parser:
    """Seconds as nginx writes times (its ``ngx_parse_time``): 1h, 1h 30m, 90s, 500ms, or 90."""

    def parse(text: str) -> float:
        if not _TIME.fullmatch(text.strip()):
            raise ValueError("not a time")
        parts = _TIME_PART.findall(text)
        return float(sum(int(number) * _UNITS[unit] for number, unit in parts))

    return Parser('a time such as 90, 90s, 30m, 1h or "1h 30m"', parse)


def integer(at_least: int | None = None) -> Parser:
    """A whole number."""
    if at_least is None:
        return Parser("a whole number without a unit", parse_int)
    return Parser(
        f"a whole number without a unit, at least {at_least}", partial(_parse_from, at_least)
    )


def between(least: int, most: int) -> Parser:
    """A whole number within these bounds."""

    def parse(text: str) -> int:
        value = _parse_from(least, text)
        if value > most:
            raise ValueError("too large")
        return value

    return Parser(f"a whole number from {least} to {most}", parse)


def networks(*, may_be_empty: bool = True, may_have_gaps: bool = False) -> Parser:
    """Addresses and networks in CIDR notation, separated by commas; none where it is empty.
    ``may_have_gaps``: a comma too many does not matter, as in ingress-nginx's ConfigMap, other than
    in its annotations."""

    def parse(text: str) -> tuple[str, ...]:
        parts = [part.strip() for part in text.split(",")] if text.strip() else []
        texts = tuple(part for part in parts if part or not may_have_gaps)
        if not (texts or may_be_empty):
            raise ValueError("empty")
        Networks(texts)
        return texts

    return Parser("addresses or networks such as 10.0.0.0/8, separated by commas", parse)


def paths() -> Parser:
    """Beginnings of paths, separated by commas."""

    def parse(text: str) -> tuple[str, ...]:
        texts = tuple(part.strip() for part in text.split(",") if part.strip())
        if not texts:
            raise ValueError("no path")
        return texts

    return Parser("paths, separated by commas", parse)


def size(*, gigabytes: bool = True) -> Parser:
    """Bytes, with nginx's suffixes k, m and, where it may be as much, g (its ``ngx_parse_offset``,
    else its ``ngx_parse_size``)."""

    def parse(text: str) -> int:
        found = _SIZE.fullmatch(text.strip())
        if found is None or (not gigabytes and found[2] in ("g", "G")):
            raise ValueError("not a size")
        value = int(found[1]) << _SHIFTS[found[2].lower()]
        if value >= _INT64:
            raise ValueError("out of range")
        return value

    examples = "1000, 64k, 8m or 1g" if gigabytes else "1000, 64k or 8m"
    return Parser(f"a whole number of bytes such as {examples}", parse)


def kilobytes(*, clamps: bool = False) -> Parser:
    """A whole number of kilobytes, as bytes. ``clamps``: less than 0 counts as 0."""

    def parse(text: str) -> int:
        value = max(0, parse_int(text)) if clamps else _parse_from(0, text)
        if value << 10 >= _INT64:
            raise ValueError("out of range")
        return value << 10

    return Parser("a whole number of kilobytes without a unit", parse)


def statuses(least: int, most: int) -> Parser:
    """Statuses within these bounds, separated by commas, and blanks for who likes them: the
    documentation of ingress-nginx writes them, though its annotation is ignored then."""

    def parse(text: str) -> tuple[int, ...]:
        found = [_parse_from(least, part.strip()) for part in parse_text(text).split(",")]
        if max(found) > most:
            raise ValueError("not a status that is meant")
        return tuple(sorted(set(found)))

    return Parser(f"statuses from {least} to {most}, separated by commas", parse)


def retry_conditions() -> Parser:
    """nginx's ``proxy_next_upstream``: words separated by blanks; with ``off`` none of the others
    counts."""

    def parse(text: str) -> RetryAfter:
        words = text.split()
        if not words or not set(words) <= _CONDITIONS.keys():
            raise ValueError("not one of the words")
        if "off" in words:
            return RetryAfter()
        numbers = sorted({_CONDITIONS[word] for word in words if word.startswith("http_")})
        named = {word: True for word in words if not _CONDITIONS[word]}
        return RetryAfter(statuses=tuple(numbers), **named)

    return Parser(f"some of {' '.join(_CONDITIONS)}, with spaces between", parse)


def matching(pattern: str, expected: str) -> Parser:
    """Trimmed text of which a regular expression takes the whole."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        value = parse_text(text)
        if not compiled.fullmatch(value):
            raise ValueError("characters outside the allowed set")
        return value

    return Parser(expected, parse)


def template(pattern: str, expected: str, *, groups: bool = False) -> Parser:
    """Text with variables of which a regular expression takes the whole; ``groups`` admits $1."""
    allowed = matching(pattern, expected)

    def parse(text: str) -> object:
        value = str(allowed.parse(text))
        parse_template(value, groups=groups)
        return value

    return Parser(expected, parse)


def hash_key() -> Parser:
    """Text that decides which endpoint gets a request."""
    return template(
        "[-A-Za-z0-9_${}]+", "letters, digits and variables such as $request_uri, without spaces"
    )


def expression() -> Parser:
    """A regular expression that can be had, of printable ASCII."""

    def parse(text: str) -> str:
        value = parse_text(text)
        if not _PRINTABLE.fullmatch(value):
            raise ValueError("not printable ASCII")
        compile_within(value, ignores_case=False)
        return value

    return Parser("a regular expression without look-around and back-references", parse)


def choice(values: type[Enum]) -> Parser:
    """One of the values of an Enum, as it is written there."""
    return Parser(
        _listed([str(member.value) for member in values]), lambda text: values(text.strip())
    )


def one_of(*words: str) -> Parser:
    """One of some words; case does not count, and the value is the word as written here."""
    by_lower = {word.lower(): word for word in words}

    def parse(text: str) -> str:
        word = by_lower.get(text.strip().lower())
        if word is None:
            raise ValueError("not one of the words")
        return word

    return Parser(_listed(list(words)), parse)


def openssl_ciphers() -> Parser:
    """OpenSSL's names of ciphers, separated by colons."""
    return matching(r"[-A-Za-z0-9_!:+@=.]+", "OpenSSL names of ciphers, separated by colons")


def unread() -> Parser:
    """Any text but an empty one, of which nothing is taken."""

    def parse(text: str) -> None:
        if not text.strip():
            raise ValueError("empty")

    return Parser("some text", parse)


def object_name() -> Parser:
    """``name`` or ``namespace/name``, which is not checked any further."""
    return Parser("the name of an object, or namespace/name", parse_text)


def constant(word: str, value: object) -> Parser:
    """A single word that stands for ``value``."""

    def parse(text: str) -> object:
        if text.strip() != word:
            raise ValueError(f"not {word}")
        return value

    return Parser(f'"{word}"', parse)


def converted(parser: Parser, into: Callable[[str], object]) -> Parser:
    """The text that ``parser`` takes, made into something else."""

    def parse(text: str) -> object:
        value = parser.parse(text)
        assert isinstance(value, str)
        return into(value)

    return Parser(parser.expected, parse)


def _parse_from(least: int, text: str) -> int:
    value = parse_int(text)
    if value < least:
        raise ValueError("too small")
    return value


def _listed(words: list[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} or {last}" if head else last
