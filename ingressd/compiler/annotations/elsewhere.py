"""What ingress-nginx does with an Ingress in which an annotation is invalid.

Mostly it uses the default. What goes beyond that is told here, in words that follow "where".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from ingressd.compiler.annotations.values import parse_int

Elsewhere: TypeAlias = Callable[[str], str]

_DROPPED = (
    "ingress-nginx would serve nothing of this Ingress, or go on with what it said before a change"
)


def default_used(text: str) -> str:
    """Nothing beyond the default."""
    return ""


def drops_ingress(text: str) -> str:
    """A new Ingress is not served, a changed one as it was; an empty text counts as not written."""
    return _DROPPED if text else ""


def drops_unless_number(text: str) -> str:
    """So it is with a text that is no number at all; one out of bounds means the default."""
    try:
        parse_int(text)
    except ValueError:
        return drops_ingress(text)
    return ""


def drops_unless(pattern: str) -> Elsewhere:
    """So it is with a text of which, without its spaces, a regular expression does not take the
    whole; any other one means the default."""
    taken = re.compile(pattern)
    return lambda text: "" if taken.fullmatch(text.replace(" ", "")) else drops_ingress(text)


def if_it_drops(told: str) -> str:
    """What is told, if all of the Ingress is concerned."""
    return told if told == _DROPPED else ""


def ignores(what: str) -> Elsewhere:
    """All annotations of a group are ignored with it: nothing of ``what`` is left."""
    return lambda text: f"ingress-nginx would ignore {what}"
