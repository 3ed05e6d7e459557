"""What may live beside :mod:`ingressd.cli.running.serving`, as it and the admin port know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from ingressd.controller.controller import Controller


class Companion(Protocol):
    """What a replica does beside serving. Neither method raises."""

    @property
    def is_leader(self) -> bool:
        """Whether this replica acts for all."""
        ...

    @property
    def failures(self) -> Mapping[str, int]:
        """How often it failed to act, by what it tried."""
        ...

    async def live(self, controller: Controller, served_generation: Callable[[], int]) -> None:
        """Accompany until cancelled; ``served_generation`` is what every worker serves."""
        ...

    async def leave(self) -> None:
        """Hand over to another replica; called once, when shutdown begins."""
        ...
