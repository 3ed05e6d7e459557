"""What ingress-nginx does with an Ingress in which an annotation is invalid.

Mostly it uses the default; what goes beyond that is told here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from ingressd.compiler.annotations.values import parse_int


class Reaction(NamedTuple):
    """What it does, in words that follow "where". ``is_drop``: to all of the Ingress."""

    words: str
    is_drop: bool = False


Elsewhere: TypeAlias = Callable[[str], Reaction | None]
"""Tells it of a text; None for the default."""

DROP = Reaction(
    "ingress-nginx would serve nothing of this Ingress, or go on with what it said before a change",
    is_drop=True,
)


def default_used(text: str) -> Reaction | None:
    """Nothing beyond the default."""
    return None


def drops_ingress(text: str) -> Reaction | None:
    """A new Ingress is not served, a changed one as it was; an empty text counts as not written."""
    return DROP if text else None


def drops_unless_number(text: str) -> Reaction | None:
    """So it is with a text that is no number at all; one out of bounds means the default."""
    try:
        parse_int(text)
    except ValueError:
        return drops_ingress(text)
    return None


def drops_unless(pattern: str) -> Elsewhere:
    """So it is with a text of which, without its spaces, a regular expression does not take the
    whole; any other one means the default."""
    taken = re.compile(pattern)
    return lambda text: None if taken.fullmatch(text.replace(" ", "")) else drops_ingress(text)


def ignores(what: str) -> Elsewhere:
    """All annotations of a group are ignored with it: nothing of ``what`` is left."""
    return lambda text: Reaction(f"ingress-nginx would ignore {what}")
