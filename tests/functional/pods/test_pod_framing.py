"""How the end of a pod's answer is found, and what becomes of one whose end is missing or unclear.

Each case runs on real sockets; the next request must get its own answer whatever came before.
"""

from __future__ import annotations

import asyncio

import pytest
from support.clients import connect, fetch
from support.pod_answers import (
    CHUNKED,
    CONTINUE,
    PLAIN,
    TWO,
    WHOLE,
    Case,
    Seen,
    Then,
    cut,
    play,
    refused,
    response_to,
    table,
    with_field,
)
from support.pods import Visit, pod
from support.proxies import proxy, simple

HELLO = b"5\r\nhello\r\n0\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n"
NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"


def coded(value: bytes) -> bytes:
    """An answer whose chunks are all right if ``value`` means chunked."""
    return PLAIN + b"Transfer-Encoding: " + value + b"\r\n\r\n" + HELLO


def long(value: bytes, body: bytes = b"hello") -> bytes:
    """An answer with this Content-Length."""
    return PLAIN + b"Content-Length: " + value + b"\r\n\r\n" + body


LENGTHS = [
    Case("plain", long(b"5"), body=b"hello"),
    Case("zero", long(b"0", b""), body=b""),
    Case("leading zeros", long(b"005"), body=b"hello", has=(b"content-length: 5",)),
    refused(
        "length and coding",
        PLAIN + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + HELLO,
    ),
    refused(
        "coding and length",
        PLAIN + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + HELLO,
    ),
    refused(
        "two lengths that differ", PLAIN + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"
    ),
    refused("two lengths that agree", PLAIN + TWO + TWO + b"\r\nok"),
    refused("a list of lengths", long(b"5, 5")),
    refused("text", long(b"abc")),
    refused("empty", long(b"")),
    refused("plus", long(b"+5")),
    refused("minus", long(b"-5")),
    refused("hexadecimal", long(b"0x5")),
    refused("underscore", long(b"0_5")),
    refused("decimal point", long(b"5.0")),
    refused("space inside", long(b"5 5")),
    refused("vertical tab before", long(b"\x0b5")),
    refused("digits that are not ASCII", long(b"\xef\xbc\x95")),
    refused("beyond 63 bits", long(b"9999999999999999999")),
    refused("beyond 64 bits", long(b"18446744073709551621")),
    refused("text, to HEAD", long(b"abc", b""), method=b"HEAD"),
    refused(
        "differing, with 304",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    ),
]
"""RFC 9112 section 6.3: a length that is not clear is an error, and must not be guessed at."""

CODINGS = [
    Case("plain", coded(b"chunked"), body=b"hello"),
    Case("upper case", coded(b"CHUNKED"), body=b"hello"),
    Case("tab before", coded(b"\tchunked"), body=b"hello"),
    Case("spaces around", coded(b"  chunked  "), body=b"hello"),
    refused("tab behind", coded(b"chunked\t")),
    refused("gzip first", coded(b"gzip, chunked")),
    refused("gzip last", coded(b"chunked, gzip")),
    refused("gzip alone", coded(b"gzip")),
    refused("twice in a line", coded(b"chunked, chunked")),
    refused("twice in lines", coded(b"chunked\r\nTransfer-Encoding: chunked")),
    refused("identity", coded(b"identity")),
    refused("identity and chunked", coded(b"identity\r\nTransfer-Encoding: chunked")),
    refused("parameter", coded(b"chunked;q=1")),
    refused("longer name", coded(b"xchunked")),
    refused("quoted", coded(b'"chunked"')),
    refused("empty", coded(b"")),
    refused("comma behind", coded(b"chunked,")),
    refused("vertical tab before", coded(b"\x0bchunked")),
    refused("no break space before", coded(b"\xa0chunked")),
    refused("HTTP/1.0", coded(b"chunked").replace(b"1.1", b"1.0"), Then.CLOSE),
    refused(
        "HTTP/1.0 that keeps alive",
        coded(b"chunked\r\nConnection: keep-alive").replace(b"1.1", b"1.0"),
    ),
]
"""RFC 9112 section 6.1: we offer no coding, so a pod may use chunked and nothing else."""

CHUNKS = [
    Case("leading zeros", CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n", body=b"hello"),
    Case("lower case", CHUNKED + b"a\r\n0123456789\r\n0\r\n\r\n", body=b"0123456789"),
    Case("upper case", CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", body=b"0123456789"),
    Case("extension", CHUNKED + b"5;a=b\r\nhello\r\n0;c\r\n\r\n", body=b"hello"),
    Case("quoted extension", CHUNKED + b'5;a="b;\\"c"\r\nhello\r\n0\r\n\r\n', body=b"hello"),
    Case("trailer", CHUNKED + b"2\r\nok\r\n0\r\nX-T: 1\r\n\r\n"),
    Case("coding as a trailer", CHUNKED + b"2\r\nok\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    Case("close as a trailer", CHUNKED + b"2\r\nok\r\n0\r\nConnection: close\r\n\r\n"),
    Case("upgrade as a trailer", CHUNKED + b"2\r\nok\r\n0\r\nUpgrade: h2c\r\n\r\n"),
    *(
        cut(f"size {size!r}", CHUNKED + size + b"\r\nok\r\n0\r\n\r\n", Then.KEEP)
        for size in (b"0x2", b"+2", b"-2", b" 2", b"2 ", b"", b"2g", b"2,2", b"0_2", b"2.0",
                     b"10000000000000002", b"2 ;a", b"2;a\rb", b"2;a\x00b", b"2;\n", b"\xb2")
    ),
    cut("size beyond 63 bits", CHUNKED + b"FFFFFFFFFFFFFFFF\r\nok\r\n0\r\n\r\n", Then.STALL),
    cut("size of 100,000 zeros", CHUNKED + b"0" * 100_000 + b"2\r\nok\r\n0\r\n\r\n", Then.KEEP),
    cut("bare LF behind the size", CHUNKED + b"2\nok\r\n0\r\n\r\n", Then.KEEP),
    cut("bare LF behind the chunk", CHUNKED + b"2\r\nok\n0\r\n\r\n", Then.KEEP),
    cut("bare LF at the end", CHUNKED + b"2\r\nok\r\n0\n\n", Then.KEEP),
    cut("chunk longer than its size", CHUNKED + b"2\r\nok!\r\n0\r\n\r\n", Then.KEEP),
    cut("chunk shorter than its size", CHUNKED + b"5\r\nok\r\n0\r\n\r\n", Then.KEEP),
    cut("extension without end", CHUNKED + b"2;" + b"a" * 200_000, Then.KEEP),
    cut("trailers without end", CHUNKED + b"2\r\nok\r\n0\r\n" + b"X: y\r\n" * 40_000, Then.KEEP),
    cut("folded trailer", CHUNKED + b"2\r\nok\r\n0\r\nX: 1\r\n 2\r\n\r\n", Then.KEEP),
    cut("trailer without colon", CHUNKED + b"2\r\nok\r\n0\r\nX\r\n\r\n", Then.KEEP),
    cut("space before a trailer's colon", CHUNKED + b"2\r\nok\r\n0\r\nX : 1\r\n\r\n", Then.KEEP),
    cut("NUL in a trailer", CHUNKED + b"2\r\nok\r\n0\r\nX: a\x00b\r\n\r\n", Then.KEEP),
    cut("bare LF in a trailer", CHUNKED + b"2\r\nok\r\n0\r\nX: a\nY: b\r\n\r\n", Then.KEEP),
    cut("length as a trailer", CHUNKED + b"2\r\nok\r\n0\r\nContent-Length: 7\r\n\r\n", Then.KEEP),
]  # fmt: skip
"""RFC 9112 section 7.1; framed anew by us, so extensions stay behind."""

UNTIL_CLOSE = [
    Case("HTTP/1.1", PLAIN + b"\r\nhello", Then.CLOSE, body=b"hello", reuse=False),
    Case("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\nhello", Then.CLOSE, body=b"hello", reuse=False),
    Case("empty", PLAIN + b"\r\n", Then.CLOSE, body=b"", reuse=False),
    Case("what looks like an answer", PLAIN + b"\r\n" + WHOLE, Then.CLOSE, body=WHOLE, reuse=False),
    Case(
        "HTTP/1.0 with a length",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        Then.CLOSE,
        body=b"hello",
        reuse=False,
    ),
    Case(
        "HTTP/1.0 that keeps alive",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + TWO + b"\r\nok",
    ),
    cut("reset", PLAIN + b"\r\nhello", Then.RESET),
    cut("stalled", PLAIN + b"\r\nhello", Then.STALL),
]
"""RFC 9112 section 6.3: only a close is its end, and the client must be able to tell."""

BODILESS = [
    Case("204", NO_CONTENT + b"\r\n", status=204, body=b"", hasnt=(b"content-length",)),
    Case(
        "204 with a length of zero",
        NO_CONTENT + b"Content-Length: 0\r\n\r\n",
        status=204,
        body=b"",
        hasnt=(b"content-length",),
    ),
    Case(
        "204 with a body",
        NO_CONTENT + TWO + b"\r\nok",
        status=204,
        body=b"",
        reuse=False,
        hasnt=(b"content-length",),
    ),
    Case(
        "204 with chunks",
        NO_CONTENT + b"Transfer-Encoding: chunked\r\n\r\n" + HELLO,
        status=204,
        body=b"",
        reuse=False,
        hasnt=(b"transfer-encoding",),
    ),
    Case(
        "204 that announces a body", NO_CONTENT + TWO + b"\r\n", status=204, body=b"", reuse=False
    ),
    Case("304 with a length", NOT_MODIFIED + TWO + b"\r\n", status=304, body=b""),
    Case("304 with a body", NOT_MODIFIED + TWO + b"\r\nok", status=304, body=b"", reuse=False),
    Case("304 and an answer", NOT_MODIFIED + b"\r\n" + WHOLE, status=304, body=b"", reuse=False),
    Case("HEAD", PLAIN + TWO + b"\r\n", method=b"HEAD", body=b"", has=(b"content-length: 2",)),
    Case(
        "HEAD with a body",
        WHOLE,
        method=b"HEAD",
        body=b"",
        reuse=False,
        has=(b"content-length: 2",),
    ),
    Case("HEAD with chunks", CHUNKED + HELLO, method=b"HEAD", body=b"", reuse=False),
    Case(
        "HEAD and an answer", PLAIN + TWO + b"\r\n" + WHOLE, method=b"HEAD", body=b"", reuse=False
    ),
    Case("HEAD with chunks announced", CHUNKED, method=b"HEAD", body=b""),
    Case("205 with a body", b"HTTP/1.1 205 Reset Content\r\n" + TWO + b"\r\nok", status=205),
]
"""RFC 9110 section 6.4.1: whatever follows the head is not a part of the answer."""

BEHIND_THE_END = [
    Case("a byte", WHOLE + b"x", reuse=False),
    Case("an answer", WHOLE + WHOLE, reuse=False),
    Case("half an answer", WHOLE + WHOLE[:20], reuse=False),
    Case("an empty line, which is nothing", WHOLE + b"\r\n"),
    Case("behind chunks", CHUNKED + HELLO + b"x", body=b"hello", reuse=False),
    Case("an answer behind chunks", CHUNKED + HELLO + WHOLE, body=b"hello", reuse=False),
    Case("behind an empty body", long(b"0", b"x"), body=b"", reuse=False),
    Case("an answer behind an empty body", long(b"0", WHOLE), body=b"", reuse=False),
    Case("an answer behind an interim one", CONTINUE + WHOLE + CONTINUE, reuse=False),
    Case("nothing, but it closes", WHOLE, Then.CLOSE, reuse=False),
    Case("nothing, but it resets", WHOLE + b"", Then.RESET, reuse=False),
    Case("nothing, but it says so", with_field(b"Connection: close"), reuse=False),
    Case(
        "nothing, but it says so among others",
        with_field(b"Connection: keep-alive, Close"),
        reuse=False,
    ),
]
"""RFC 9112 section 9.2: such bytes answer nothing, and never the next request."""

CUT_SHORT = [
    refused("before a byte", b"", Then.CLOSE),
    refused("before a byte, reset", b"", Then.RESET),
    refused("within the first line", b"HTTP/1.1 2", Then.CLOSE),
    refused("within the head", PLAIN + b"Content-Le", Then.CLOSE),
    refused("within the head, reset", PLAIN + b"Content-Le", Then.RESET),
    refused("before the empty line", PLAIN + TWO, Then.CLOSE),
    cut("before the body", PLAIN + TWO + b"\r\n"),
    cut("within a body", long(b"10")),
    cut("within a body, reset", long(b"10"), Then.RESET),
    cut("within a body, silent", long(b"10"), Then.STALL),
    cut("before a chunk", CHUNKED),
    cut("within a chunk", CHUNKED + b"5\r\nhel"),
    cut("behind a chunk", CHUNKED + b"5\r\nhello\r\n"),
    cut("behind a chunk, reset", CHUNKED + b"5\r\nhello\r\n", Then.RESET),
    cut("behind a chunk, silent", CHUNKED + b"5\r\nhello\r\n", Then.STALL),
    cut("within the last chunk", CHUNKED + b"5\r\nhello\r\n0\r\n"),
    cut("within the trailers", CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\n"),
    Case("silent before a byte", b"", Then.STALL, Seen.TIMED_OUT, reuse=False),
    Case("silent within the head", PLAIN + b"X", Then.STALL, Seen.TIMED_OUT, reuse=False),
]
"""RFC 9112 section 8."""


@table(
    lengths=LENGTHS,
    codings=CODINGS,
    chunks=CHUNKS,
    until_close=UNTIL_CLOSE,
    bodiless=BODILESS,
    behind_the_end=BEHIND_THE_END,
    cut_short=CUT_SHORT,
)
async def test_where_an_answer_ends(case: Case) -> None:
    await play(case)


@pytest.mark.parametrize("then", [Then.CLOSE, Then.RESET])
@pytest.mark.parametrize("answer", [long(b"5"), coded(b"chunked"), CONTINUE + long(b"5")])
async def test_answers_cut_short_at_every_byte(answer: bytes, then: Then) -> None:
    """None looks complete, and none disturbs the next."""

    async def script(visit: Visit) -> None:
        while received := await visit.request():
            size = int(received.line.split(b" ")[1][1:])
            await visit.send(answer[:size])
            if size < len(answer):
                if then is Then.RESET:
                    visit.reset()
                return

    async with pod(script) as web, proxy(simple([web.port])) as running:
        for size in range(len(answer)):
            async with connect(running.port) as client:
                await client.send(b"GET /%d HTTP/1.1\r\nHost: a.test\r\n\r\n" % size)
                response = await response_to(client)
                assert response is None or not response.complete or response.status == 502
            assert (await fetch(running.port, b"/%d" % len(answer))).body == b"hello"


async def test_a_client_of_http_1_0_can_tell_a_cut_from_the_end() -> None:
    """To it the end of the connection is that of the body (RFC 9112 section 8): we must reset."""

    async def script(visit: Visit) -> None:
        while received := await visit.request():
            await visit.send(PLAIN + b"\r\nhello")
            if received.line.startswith(b"GET /cut"):
                visit.reset()
            return

    async with pod(script) as web, proxy(simple([web.port])) as running:
        for target, is_cut in ((b"/whole", False), (b"/cut", True)):
            async with connect(running.port) as client:
                await client.send(b"GET %b HTTP/1.0\r\nHost: a.test\r\n\r\n" % target)
                response = await response_to(client)
                assert is_cut is (response is None or not response.complete)


@pytest.mark.parametrize("answer", [long(b"5"), coded(b"chunked"), CONTINUE + long(b"5")])
async def test_an_answer_may_come_byte_by_byte(answer: bytes) -> None:
    async def script(visit: Visit) -> None:
        while await visit.request():
            for at in range(len(answer)):
                await visit.send(answer[at : at + 1])
                await asyncio.sleep(0)

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        for _ in range(3):
            assert (await client.get()).body == b"hello"
    assert web.connections == 1


@pytest.mark.parametrize("part", [PLAIN + b"X: ", b"HTTP/1.1 200 ", CHUNKED + b"0\r\nX: "])
async def test_what_comes_in_pieces_without_end_is_cut_off(part: bytes) -> None:
    gone = asyncio.Event()

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(part)
        sent = 0
        while not visit.writer.transport.is_closing() and sent < 1 << 20:
            await visit.send(b"y" * 1000)
            sent += 1000
            await asyncio.sleep(0)
        if sent < 1 << 20:
            gone.set()

    async with (
        pod(script) as web,
        proxy(simple([web.port])) as running,
        connect(running.port) as client,
    ):
        await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        response = await response_to(client)
        assert response is None or not response.complete or response.status == 502
        await gone.wait()
