"""An upgraded connection: bytes both ways, each side held back by the other."""

from __future__ import annotations

from ingressd.proxy.client.roles import Client
from ingressd.proxy.relaying.websocket import GOING_AWAY, Frames
from ingressd.proxy.upstream.connection import UpstreamConnection


class Tunnel:
    """The client's half; aiohttp feeds it what the client sends after the switch."""

    __slots__ = ("_client", "_frames", "_idle_timeout", "_upstream")

    def __init__(
        self,
        client: Client,
        upstream: UpstreamConnection,
        idle_timeout: float,
        protocol: bytes = b"",
    ) -> None:
        self._client = client
        self._frames = Frames() if protocol.lower() == b"websocket" else None
        self._upstream = upstream
        self._idle_timeout = idle_timeout

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Bytes from the client, for the pod (aiohttp's parser interface: never at an end)."""
        self._upstream.arm(self._idle_timeout)
        self._upstream.write(data)
        return False, b""

    def feed_eof(self) -> None:
        """The client is gone: so is the pod's connection, once it has what was sent."""
        self._upstream.finish()

    def note(self, data: bytes) -> None:
        """Bytes from the pod, on their way to the client."""
        if self._frames is not None:
            self._frames.feed(data)

    def say_goodbye(self) -> None:
        """Tell the client of a WebSocket that we are leaving, where a frame may come."""
        if self._frames is not None and self._frames.may_add and self._client.transport:
            self._client.transport.write(GOING_AWAY)

    def hold_client(self) -> None:
        """The pod is slower than the client."""
        self._client.hold()

    def release_client(self) -> None:
        """The pod has caught up."""
        self._client.release()
