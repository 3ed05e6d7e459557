"""What a pod's connection tells the exchange that uses it."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

from ingressd.proxy.upstream.response_head import ResponseHead


class Failure(Enum):
    """Why an exchange did not come to its end. The value is what the access log says."""

    REFUSED = "connection refused"
    CONNECT_TIMEOUT = "connect timed out"
    INSECURE = "no TLS as it has to be"
    UNRESOLVED = "name not resolved"
    CLOSED = "connection closed by the pod"
    CUT = "connection closed by the pod within its answer"
    MALFORMED = "malformed response"
    TIMEOUT = "response timed out"
    SEND_TIMEOUT = "sending timed out"
    UNWANTED = "response replaced by another one"
    CLIENT_BODY = "client sent a malformed or incomplete body"
    CLIENT_TOO_LARGE = "client sent a body beyond the limit"
    CLIENT_STALLED = "client stopped reading or sending"
    NO_ENDPOINT = "no endpoint left"
    NOT_KEPT = "request body could not be kept"


class Receiver(Protocol):
    """What a connection tells the exchange that uses it. Calls come in the order of the bytes."""

    is_head: bool
    wants_upgrade: bool
    read_timeout: float
    tunnel_timeout: float

    @property
    def largest_head(self) -> int:
        """Bytes of an answer's head that are taken, where that is more than usual."""
        ...

    def asked_for(self, protocol: bytes) -> bool:
        """Whether the request offered to switch to ``protocol``."""
        ...

    def on_head(self, head: ResponseHead) -> None:
        """The final response head."""

    def on_body(self, data: bytes | memoryview) -> None:
        """Body (or tunnelled) bytes; held back until on_flush."""

    def on_flush(self) -> None:
        """All bytes of one read have been handed over: write them out."""

    def on_end(self, trailers: list[tuple[bytes, bytes]]) -> None:
        """The response is complete."""

    def on_switch(self, head: ResponseHead, protocol: bytes) -> None:
        """The pod answered 101 and named ``protocol``: bytes flow both ways from here on."""

    def on_failure(self, failure: Failure) -> None:
        """The exchange is over without a complete response."""

    def outlasts(self, blame: Failure) -> bool:
        """Whether to go on after a deadline, for which another one is armed then."""
        ...

    def on_writable(self) -> None:
        """The connection takes bytes again after it was full."""

    def on_full(self) -> None:
        """The connection takes no more bytes for now."""
