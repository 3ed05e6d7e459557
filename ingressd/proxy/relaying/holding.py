"""Answers of which something waits here, whatever for: what all of them have in common."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import NEVER
from ingressd.proxy.relaying.exchange import Exchange, WhenDone
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import ResponseHead
from ingressd.routing.policy import Timeouts


class HoldingExchange(Exchange):
    """An exchange that ends when the client has the answer, not when the pod has given it.
    ``deadline`` is for the clock."""

    __slots__ = ("_is_over", "_is_upgraded", "deadline")

    def __init__(
        self,
        request: Request,
        connection: UpstreamConnection,
        timeouts: Timeouts,
        when_done: WhenDone,
    ) -> None:
        super().__init__(request, connection, timeouts, when_done)
        self.deadline = NEVER
        self._is_over = False
        self._is_upgraded = False

    def on_switch(self, head: ResponseHead, protocol: bytes) -> None:
        """What goes through a tunnel never waits here."""
        self._is_upgraded = True
        super().on_switch(head, protocol)

    def on_failure(self, failure: Failure) -> None:
        """What waits is not sent: the client is cut anyway."""
        self._drop()
        super().on_failure(failure)

    def abandon(self) -> None:
        """The client is gone."""
        self._drop()
        super().abandon()

    def _finish(self, failure: Failure | None) -> None:
        if failure is None and self._is_holding():
            self._is_over = True
        else:
            self._drop()
            super()._finish(failure)

    def _is_holding(self) -> bool:
        raise NotImplementedError

    def _drop(self) -> None:
        """Forget what waits, if anything does."""
        raise NotImplementedError
