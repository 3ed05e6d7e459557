"""What was found out lately: a bounded number of marks, each for a while."""

from __future__ import annotations

from collections import OrderedDict


class Remembered:
    """Marks of ``seconds``, at most ``most`` of them: the one that was asked for least lately goes.

    Times are those of the loop.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def add(self, mark: bytes, now: float) -> None:
        """Remember it from now on."""
        self._until[mark] = now + self._seconds
        self._until.move_to_end(mark)
        if len(self._until) > self._most:
            self._until.popitem(last=False)

    def has(self, mark: bytes, now: float) -> bool:
        """Whether it is remembered."""
        until = self._until.get(mark)
        if until is None:
            return False
        if until <= now:
            del self._until[mark]
            return False
        self._until.move_to_end(mark)
        return True
