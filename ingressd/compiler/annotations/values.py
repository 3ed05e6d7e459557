"""How the text of an annotation becomes a value: ingress-nginx's parsers, type by type.

A parser raises ValueError for text it does not take; what it does take stands in ``expected``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_INTEGER = re.compile(r"[+-]?[0-9]+")
_INT64 = 1 << 63


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


def switch(*, on: object = None, off: object = None) -> Parser:
    """A boolean that stands for one of two values; None leaves the field alone."""
    return Parser("true or false", lambda text: on if parse_bool(text) else off)


def seconds() -> Parser:
    """A whole number of seconds, at least 1, as a float."""

    def parse(text: str) -> float:
        value = parse_int(text)
        if value < 1:
            raise ValueError("not positive")
        return float(value)

    return Parser("a whole number of seconds without a unit, at least 1", parse)


def integer() -> Parser:
    """Any whole number."""
    return Parser("a whole number without a unit", parse_int)


def matching(pattern: str, expected: str) -> Parser:
    """Trimmed text of which a regular expression takes the whole."""
    compiled = re.compile(pattern)

    def parse(text: str) -> str:
        value = parse_text(text)
        if not compiled.fullmatch(value):
            raise ValueError("characters outside the allowed set")
        return value

    return Parser(expected, parse)


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


def _listed(words: list[str]) -> str:
    *head, last = words
    return f"{', '.join(head)} or {last}" if head else last
