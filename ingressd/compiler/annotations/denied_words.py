"""Texts that the ConfigMap allows in no annotation (``annotation-value-word-blocklist``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ingressd.compiler.annotations.values import Parser


class DeniedWord(NamedTuple):
    """An annotation, by its full name, and the word in it."""

    annotation: str
    word: str


def words() -> Parser:
    """Words between commas, without the blanks around them."""
    return Parser(
        "words, separated by commas",
        lambda text: tuple(word for part in text.split(",") if (word := part.strip())),
    )


def find_denied(
    annotations: Mapping[str, str], prefix: str, denied: Iterable[str]
) -> DeniedWord | None:
    """The first annotation under ``prefix``, by name, that holds one of the words, be it within
    another one."""
    start = f"{prefix}/"
    found = (
        DeniedWord(name, word)
        for name, text in annotations.items()
        if name.startswith(start)
        for word in denied
        if word in text
    )
    return min(found, default=None)
