"""Who takes part in answering a request, as far as others have to know them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

from ingressd.proxy.client.forwarded import Visitor, Witness
from ingressd.proxy.headers import Split
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.upstream.receiver import Failure
from ingressd.proxy.upstream.response_head import ResponseHead
from ingressd.routing.global_policy import Limits

if TYPE_CHECKING:
    from ingressd.proxy.client.request import Request


class Relay(Protocol):
    """What writes to a client's connection, and must know how fast the client reads."""

    def on_client_full(self) -> None:
        """The client reads slowly."""

    def on_client_writable(self) -> None:
        """The client has caught up."""

    def abandon(self) -> None:
        """The client is gone."""


class Errand(Protocol):
    """What is to be done for a request before it has its answer."""

    def begin(self, conclude: Conclude) -> bool:
        """Do it without waiting but for callbacks; ``conclude`` is called when it is over.

        False: it has to wait, and ``run`` must do it.
        """

    async def run(self) -> Failure | None:
        """Do it, or what is left of it; the answer is why it failed, or None."""


class Feed(Protocol):
    """What takes a client's bytes once they are no longer HTTP (aiohttp's parser interface)."""

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes; the answer is whether they end here, and what is left over."""

    def feed_eof(self) -> None:
        """There will be no more."""


class Client(Protocol):
    """The connection a request came by, as far as others need it.

    ``scheme`` is "http" or "https"; ``server_name`` the SNI, if any; ``remote`` who opened it, and
    ``visitor`` what is known of that one. ``witness`` is None for all but proxies that are believed
    about their clients. ``split`` parts the fields of requests.
    """

    limits: Limits
    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport | None
    scheme: str
    server_name: str | None
    remote: str
    visitor: Visitor
    witness: Witness | None
    split: Split
    request: Request | None
    exchange: Relay | None

    @property
    def is_last(self) -> bool:
        """Whether the connection ends with the answer under way."""

    @property
    def is_upgraded(self) -> bool:
        """Whether what follows the request may be another protocol."""

    def leave(self, request: Request) -> None:
        """Close after the last answer, which the client must see even if it goes on sending."""

    def answered(self, request: Request) -> None:
        """What was begun has been answered: the connection may take the next request."""

    def wait_for(self, request: Request) -> None:
        """Leave what was begun to the task, because there is something to wait for."""

    async def drained(self) -> None:
        """Wait until the client has read what was written before. Raises ConnectionError."""

    @property
    def is_finished(self) -> bool:
        """Whether the client will send nothing more and has its answers."""

    @property
    def writing_paused(self) -> bool:
        """Whether the client reads slowly."""

    def hold(self) -> None:
        """Read no more from the client until release."""

    def release(self) -> None:
        """Read from the client again."""

    def switch_to(self, feed: Feed) -> None:
        """From here on the client's bytes belong to another protocol (RFC 9110 section 7.8)."""

    def close_when_sent(self) -> None:
        """Close once everything written has gone out."""

    def abort(self) -> None:
        """Reset the connection, so that an answer cut short cannot be taken for a whole one."""


Conclude: TypeAlias = Callable[["Request", Failure | None], None]
"""Is told how an errand ended."""

Screen: TypeAlias = Callable[[ResponseHead], bool]
"""Is asked about each answer of a pod whether the client must not get it."""

Edit: TypeAlias = Callable[["Request", int, list[bytes]], list[bytes]]
"""Changes the field lines of an answer, of which it gets the status; never the list it gets."""


class FixedEdits(tuple[Edit, ...]):
    """Edits that make the same of the same answer for every request: what they have made of a head
    may be remembered with it.
    """

    __slots__ = ()


class Refusal(Struct, frozen=True):
    """A status that is answered with an error page; ``lines`` are field lines beside the usual."""

    status: int
    lines: tuple[bytes, ...] = ()


class StandIn(Protocol):
    """What may answer in the place of an error page of ours."""

    def errand(self, request: Request, refusal: Refusal, metrics: Metrics) -> Errand | None:
        """What is to be done for the page of a refusal; None where it is to be ours."""
