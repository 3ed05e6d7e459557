"""Where the frames of a WebSocket end."""

from __future__ import annotations

import pytest

from ingressd.proxy.relaying.websocket import GOING_AWAY, Frames

TEXT = b"\x81\x02hi"
FRAMES = {
    "text": TEXT,
    "the first of two fragments, which a control frame may part": b"\x01\x01h",
    "ping": b"\x89\x00",
    "compressed": b"\xc1\x01x",
    "of 16 bits": b"\x82\x7e\x01\x00" + bytes(256),
    "of 64 bits": b"\x82\x7f" + (65536).to_bytes(8) + bytes(65536),
    "several": TEXT * 3,
    "masked": b"\x81\x82keys" + b"xx",
    "masked, of 16 bits": b"\x82\xfe\x01\x00" + bytes(4 + 256),
}


def after(data: bytes) -> bool:
    frames = Frames()
    frames.feed(data)
    return frames.may_add


@pytest.mark.parametrize("data", FRAMES.values(), ids=FRAMES)
def test_a_frame_may_follow_a_whole_one_but_not_a_part(data: bytes) -> None:
    assert after(data)
    assert not after(data[:-1])


@pytest.mark.parametrize("data", [FRAMES["of 16 bits"], FRAMES["several"]])
def test_the_pieces_in_which_it_comes_do_not_matter(data: bytes) -> None:
    frames = Frames()
    for end in range(1, len(data) + 1):
        frames.feed(data[end - 1 : end])
        assert frames.may_add == after(data[:end])
    assert frames.may_add


def test_at_the_start_a_frame_may_come() -> None:
    assert Frames().may_add


@pytest.mark.parametrize(
    "data",
    [GOING_AWAY, TEXT + b"\x88\x00", b"\x88\x80keys", b"\x83\x00", b"GET / HTTP/1.1\r\n\r\n"],
    ids=["close", "text and close", "masked close", "reserved opcode", "no frame"],
)
def test_nothing_may_follow_a_close_nor_what_is_no_frame(data: bytes) -> None:
    assert not after(data)
    assert not after(data + TEXT)
