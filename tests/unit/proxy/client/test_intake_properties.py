"""What is read does not depend on how the network cuts it."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from aiohttp.web_protocol import _ErrInfo
from hypothesis import given
from hypothesis import strategies as st
from support.requests import client_connection

GET = b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b"
BODIES = st.sampled_from([b"x", b"\r\n\r\n", b"\r", GET, b"G\r\n\r\n" * 3])
GOOD = st.one_of(
    st.just(GET), st.just(b"\r\n" + GET), BODIES.map(lambda body: POST % (len(body), body))
)
BAD = st.sampled_from(
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX Y: z\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n" + GET,
        b"\r" + GET,
    ]
)


def read(pieces: list[bytes]) -> list[str]:
    """The paths of what is answered, and the last word for what is not."""

    async def feed() -> list[str]:
        connection = client_connection()
        for piece in pieces:
            connection.data_received(piece)
        return [
            "refused" if isinstance(message, _ErrInfo) else f"{message.path} {body.total_bytes}"
            for message, body in connection._messages
        ]

    return asyncio.run(feed())


@given(st.lists(GOOD, max_size=6), BAD, st.lists(st.integers(0, 400), max_size=5))
def test_it_is_the_same_in_one_piece_and_in_many(
    good: list[bytes], bad: bytes, cuts: list[int]
) -> None:
    data = b"".join(good) + bad
    ends = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    pieces = [data[start:end] for start, end in pairwise(ends)]
    paths = [path for path in read(pieces) if path != "refused"]
    assert len(paths) == len(good)
    assert read(pieces) == read([data]) == [*paths, "refused"]
