"""What the command lines of the benchmarks have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar


class Named(Protocol):
    """What can be chosen."""

    @property
    def name(self) -> str:
        """As it is written on the command line."""


Choice = TypeVar("Choice", bound=Named)


def chosen(names: str, known: Sequence[Choice]) -> tuple[Choice, ...]:
    """Those of a comma-separated list, all for "". Raises ValueError for an unknown name."""
    by_name = {each.name: each for each in known}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if unknown := [name for name in wanted if name not in by_name]:
        raise ValueError(f"nothing is named {', '.join(unknown)}; there are {', '.join(by_name)}")
    return tuple(by_name[name] for name in wanted or by_name)


def positive(text: str) -> int:
    """A whole number of at least 1. Raises ValueError, which argparse reports."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def natural(text: str) -> int:
    """A whole number of at least 0. Raises ValueError, which argparse reports."""
    return int(text) and positive(text)
