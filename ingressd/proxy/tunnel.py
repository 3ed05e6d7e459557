"""An upgraded connection: bytes both ways, each side held back by the other."""

from __future__ import annotations

from ingressd.proxy.client.request import Client
from ingressd.proxy.upstream.connection import UpstreamConnection


class Tunnel:
    """The client's half; aiohttp feeds it what the client sends after the switch."""

    __slots__ = ("_client", "_idle_timeout", "_upstream")

    def __init__(self, client: Client, upstream: UpstreamConnection, idle_timeout: float) -> None:
        self._client = client
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

    def hold_client(self) -> None:
        """The pod is slower than the client."""
        self._client.hold()

    def release_client(self) -> None:
        """The pod has caught up."""
        self._client.release()
