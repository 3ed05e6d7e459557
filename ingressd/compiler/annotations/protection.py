"""When the text of an annotation closes something, so that serving without it would be too open."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ingressd.compiler.annotations.values import parse_bool

Protects: TypeAlias = Callable[[str], bool]

_PROTECTIVE_SNIPPET = re.compile(r"\b(deny|allow|auth_\w+|return\s+4\d\d|limit_\w+)\b")


def nothing(text: str) -> bool:
    """Whatever it says, no more is open without it."""
    return False


def always(text: str) -> bool:
    """Whatever it says, and the more so if it cannot be read."""
    return True


def unless_off(text: str) -> bool:
    """Unless it says "off", or false as Go writes it."""
    try:
        return parse_bool(text)
    except ValueError:
        return text.strip() != "off"


def if_true(text: str) -> bool:
    """Only if it is true as Go writes it."""
    try:
        return parse_bool(text)
    except ValueError:
        return False


def if_it_denies(text: str) -> bool:
    """If the nginx directives of a snippet deny, limit or authenticate."""
    return _PROTECTIVE_SNIPPET.search(text) is not None
