"""When one sort of memory runs out: decisions only, about figures that others read.

As in Envoy's overload manager, with two thresholds, so that a worker near its limit does not change
its mind every second.
"""

from __future__ import annotations

from ingressd.proxy.overload.gauge import Use

SHED_ABOVE = 0.90
SHED_UNTIL = 0.85
"""Parts of the limit."""

LEAST_ROOM = 16 * 1024 * 1024
"""Bytes for clients, whatever the limit is: a worker that refused everybody for what it needs by
itself would never stop refusing."""


class Pressure:
    """One sort of memory. ``own`` is what the worker takes for itself, which no client gives back
    by leaving; ``is_high`` is whether there is too little left. Bytes.
    """

    def __init__(self, sort: str) -> None:
        self.sort = sort
        self.own = 0
        self.is_high = False

    def judge(self, use: Use) -> None:
        """Take notice of a reading."""
        self.own = min(self.own, use.used)
        part = SHED_UNTIL if self.is_high else SHED_ABOVE
        self.is_high = bool(use.limit) and use.used > part * self.limit(use)

    def limit(self, use: Use) -> float:
        """The limit that counts: the one that was set, or more where that leaves no room."""
        return max(use.limit, (self.own + LEAST_ROOM) / SHED_UNTIL)

    def is_cramped(self, use: Use) -> bool:
        """Whether the limit that was set leaves no room."""
        return bool(use.limit) and self.limit(use) > use.limit

    def room(self, use: Use) -> float:
        """What clients may take before they are refused."""
        return SHED_UNTIL * self.limit(use) - self.own if use.limit else float("inf")
