"""What is costly to work out, and asked for more often than it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

Argument = TypeVar("Argument")
Result = TypeVar("Result")


class LastResult(Generic[Argument, Result]):
    """The result of a pure function, for as long as its argument is the same object."""

    def __init__(self, compute: Callable[[Argument], Result]) -> None:
        self._compute = compute
        self._known: tuple[Argument, Result] | None = None

    def of(self, argument: Argument) -> Result:
        """``compute(argument)``, which must not have been changed in place since the last time."""
        if self._known is None or self._known[0] is not argument:
            self._known = (argument, self._compute(argument))
        return self._known[1]
