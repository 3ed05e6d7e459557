"""How much a chunked body may cost beside its bytes."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import StreamReader
from support.requests import client_connection

from ingressd.proxy.client.chunks import (
    END,
    MOST_SECTIONS,
    OVERHEAD,
    SHARE,
    ChunkedBody,
    sections,
)


def watched(begins: bool = True) -> ChunkedBody:
    reader = StreamReader(client_connection(), 1 << 16, loop=asyncio.get_running_loop())
    return ChunkedBody(reader, begins=begins)


@pytest.mark.parametrize(
    ("size", "is_huge"),
    [
        (b"8000000000000000\r\n", True),
        (b"000FFFFFFFFFFFFFFFF", True),
        (b"FFFFFFFFFFFFFFF\r\n", False),
        (b"00000000000000005\r\n", False),
        (b"5\r\nFFFFFFFFFFFFFFFFFFFF", False),
    ],
)
async def test_a_first_size_beyond_63_bits_is_too_much(size: bytes, is_huge: bool) -> None:
    in_pieces = watched()
    assert watched().exceeds(size) is is_huge
    assert any([in_pieces.exceeds(size[at : at + 1]) for at in range(len(size))]) is is_huge


async def test_hexadecimal_data_is_no_size() -> None:
    body = watched(begins=False)
    assert not body.exceeds(b"F" * 20)


async def test_each_byte_of_the_body_pays_for_some_overhead() -> None:
    body = watched()
    assert not body.exceeds(b"5;" + b"x" * (OVERHEAD - 2))
    assert body.exceeds(b"x")
    body.reader.feed_data(b"hello")
    assert not body.exceeds(b"x" * (5 * SHARE - 1))
    assert body.exceeds(b"x")


@pytest.mark.parametrize(
    ("received", "cut"),
    [
        (b"", []),
        (b"GET", [b"GET"]),
        (END, [END]),
        (b"a" + END + b"b" + END, [b"a" + END, b"b" + END]),
        (END + END + b"\r", [END, END, b"\r"]),
        (b"a\r\n\r" + END + b"b", [b"a\r\n\r" + END, b"b"]),
    ],
)
def test_sections_end_with_heads(received: bytes, cut: list[bytes]) -> None:
    assert list(sections(received)) == cut


def test_no_client_decides_how_many_sections_there_are() -> None:
    *cut, rest = sections(END * 10_000)
    assert len(cut) == MOST_SECTIONS
    assert rest == END * (10_000 - MOST_SECTIONS)
