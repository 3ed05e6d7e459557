"""Texts that are blocked, written as the keys of nginx's ``map`` are.

A text blocks what equals it, case aside; behind ``~`` stands a regular expression, behind ``~*``
one that ignores case. Both may match anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ingressd.routing.patterns import Pattern, compile_within

_QUOTED = re.compile(r"""(["'])(.*)\1""", re.DOTALL)


class Blocklist:
    """What is blocked. Raises BadPattern for an expression that cannot be had."""

    def __init__(self, entries: Iterable[str]) -> None:
        texts = [_unquoted(entry) for entry in entries]
        self._patterns = tuple(_pattern(text[1:]) for text in texts if text.startswith("~"))
        plain = (text for text in texts if not text.startswith("~"))
        self._texts = frozenset(text.removeprefix("\\").lower() for text in plain)

    def __bool__(self) -> bool:
        """Whether anything is blocked."""
        return bool(self._patterns or self._texts)

    def blocks(self, text: str) -> bool:
        """Whether a text is blocked; "" is that of a field which is not there."""
        if text.lower() in self._texts:
            return True
        return any(pattern.match(text) is not None for pattern in self._patterns)


def _unquoted(entry: str) -> str:
    quoted = _QUOTED.fullmatch(entry)
    return quoted[2] if quoted else entry


def _pattern(text: str) -> Pattern:
    ignores_case = text.startswith("*")
    expression = text.removeprefix("*") if ignores_case else text
    return compile_within(expression, ignores_case=ignores_case)
