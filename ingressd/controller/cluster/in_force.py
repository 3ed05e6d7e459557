"""Which addresses statuses are to show, as they are read again and again."""

from __future__ import annotations

import math
from collections import deque

from ingressd.controller.cluster.addresses import Addresses

_REMEMBERED = 8
"""Sets of addresses. An Ingress that left us showing an older one keeps it."""


class AddressesInForce:
    """Owner of what one leader publishes in one term: ``current``, None until it is known.

    It is what was read last, but for one thing: in a rollout pods leave their nodes before others
    come, so a part of what there was counts only once it has been no more for ``settle`` seconds.
    All times are in seconds, of any one clock.
    """

    def __init__(self, settle: float) -> None:
        self._settle = settle
        self._lately: deque[Addresses] = deque(maxlen=_REMEMBERED)
        self._fewer_since: float | None = None

    def __contains__(self, addresses: Addresses) -> bool:
        """Whether we publish these, or did lately."""
        return addresses in self._lately

    @property
    def current(self) -> Addresses | None:
        """What statuses are to show."""
        return self._lately[-1] if self._lately else None

    def take(self, read: Addresses, now: float) -> bool:
        """What has been read now; returns whether it makes another ``current``."""
        if self.current is not None and set(read) < set(self.current):
            self._fewer_since = now if self._fewer_since is None else self._fewer_since
            if now - self._fewer_since < self._settle:
                return False
        self._fewer_since = None
        if read == self.current:
            return False
        self._lately.append(read)
        return True

    def unsettled(self, now: float) -> float:
        """Seconds until what is fewer is to be read again; endless where nothing is to settle."""
        if self._fewer_since is None or now - self._fewer_since >= self._settle:
            return math.inf
        return self._fewer_since + self._settle - now
