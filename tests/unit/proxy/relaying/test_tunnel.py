"""The client's half of an upgraded connection."""

from __future__ import annotations

import asyncio

import pytest
from support.keepers import Keeper
from support.requests import Wire, client_connection

from ingressd.proxy.clock import Clock
from ingressd.proxy.relaying.tunnel import Tunnel
from ingressd.proxy.relaying.websocket import GOING_AWAY
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.routing.global_policy import UpstreamKeepAlive


def tunnel(protocol: bytes = b"websocket") -> tuple[Tunnel, Wire, Wire, UpstreamConnection]:
    clock = Clock(asyncio.get_running_loop())
    upstream = UpstreamConnection(clock, UpstreamKeepAlive(), Keeper())
    pod_wire, client = Wire(), client_connection()
    upstream.connection_made(pod_wire)
    client_wire = client.transport
    assert isinstance(client_wire, Wire)
    return Tunnel(client, upstream, 3600.0, protocol), client_wire, pod_wire, upstream


async def test_bytes_go_to_the_pod_and_keep_the_tunnel_alive() -> None:
    half, _, pod_wire, upstream = tunnel()
    before = upstream.deadline
    assert half.feed_data(b"abc") == (False, b"")
    assert pod_wire.written == b"abc"
    assert upstream.deadline > before


async def test_the_client_is_held_back_and_released() -> None:
    half, client_wire, _, _ = tunnel()
    half.hold_client()
    assert client_wire.is_reading_paused
    half.release_client()
    assert not client_wire.is_reading_paused


async def test_the_end_of_the_client_is_the_end_of_the_pods_connection() -> None:
    half, _, pod_wire, _ = tunnel()
    half.feed_eof()
    assert pod_wire.end == "close"


async def test_goodbye_is_said_between_two_frames() -> None:
    half, client_wire, _, _ = tunnel(b"WebSocket")
    half.note(b"\x81\x02hi")
    half.say_goodbye()
    assert client_wire.written == GOING_AWAY


@pytest.mark.parametrize(("protocol", "data"), [(b"websocket", b"\x81\x02h"), (b"custom/1", b"")])
async def test_goodbye_is_not_said_within_a_frame_nor_in_another_protocol(
    protocol: bytes, data: bytes
) -> None:
    half, client_wire, _, _ = tunnel(protocol)
    half.note(data)
    half.say_goodbye()
    assert client_wire.written == b""
