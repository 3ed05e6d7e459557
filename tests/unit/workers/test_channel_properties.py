"""Frames come out as they went in, however the stream is cut; what is damaged is told apart."""

from __future__ import annotations

import asyncio
import socket
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.workers.channel import BrokenChannel, encode_frame, open_channel
from ingressd.workers.messages import Applied, Fatal, Heartbeat, Report

REPORTS = st.lists(
    st.builds(Applied, st.integers(0, 1 << 62))
    | st.builds(
        Heartbeat,
        *(st.integers(0, 1 << 62), st.floats(allow_nan=False)),
        *(st.integers(0, 1 << 62), st.integers(0, 1 << 62)),
    )
    | st.builds(Fatal, st.text()),
    max_size=6,
)


async def received(pieces: list[bytes]) -> list[Report]:
    """What arrives before the end of a stream. Raises BrokenChannel."""
    ours, theirs = socket.socketpair()
    channel = await open_channel(ours, Report)  # type: ignore[arg-type]
    sending = asyncio.create_task(_send(theirs, pieces))
    try:
        reports = []
        while (report := await channel.receive()) is not None:
            reports.append(report)
        return reports
    finally:
        await sending
        await channel.close()


async def _send(end: socket.socket, pieces: list[bytes]) -> None:
    end.setblocking(False)
    with end:
        for piece in pieces:
            await asyncio.get_running_loop().sock_sendall(end, piece)
            await asyncio.sleep(0)


@settings(max_examples=50, deadline=None)
@given(REPORTS, st.lists(st.integers(0, 400), max_size=6))
async def test_the_cuts_do_not_matter(reports: list[Report], cuts: list[int]) -> None:
    stream = b"".join(map(encode_frame, reports))
    bounds = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    assert await received([*filter(None, pieces)]) == reports


@settings(max_examples=50, deadline=None)
@given(REPORTS, st.integers(0, 400), st.binary(max_size=8))
async def test_damage_is_told_or_ends_the_stream(
    reports: list[Report], at: int, wrong: bytes
) -> None:
    """Frames before the damage are what they were."""
    frames = [*map(encode_frame, reports)]
    stream = b"".join(frames)
    damaged = stream[:at] + wrong
    whole, size = 0, 0
    while whole < len(frames) and size + len(frames[whole]) <= min(at, len(stream)):
        size += len(frames[whole])
        whole += 1
    try:
        arrived = await received([damaged] if damaged else [])
    except BrokenChannel as broken:
        assert str(broken)
    else:
        assert arrived[:whole] == reports[:whole]
