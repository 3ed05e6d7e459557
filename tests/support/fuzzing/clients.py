"""The listening port under fire: one damaged stream after the other, an honest client beside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from msgspec import structs

from ingressd.routing.policy import Buffering, Policy, Timeouts
from support.clients import connect
from support.fuzzing.answers import Answered, read_answer
from support.fuzzing.honest import HONEST, Honest
from support.fuzzing.mutation import Stream
from support.fuzzing.numbering import Numbering, numbering
from support.fuzzing.reading import CLOSED, Asked, Reading, read_stream
from support.fuzzing.watch import Watch
from support.proxies import proxy, simple
from support.strict import Seen

REFUSALS = frozenset({400, 405, 408, 413, 414, 417, 431, 501, 505})
"""Answers to what is no request, or none for us: the connection ends with them."""

STAYING = frozenset(
    b"expect forwarded http2-settings keep-alive proxy proxy-authorization te trailer".split()
)
"""Fields that no pod may see."""

PATIENCE = 30.0
"""Seconds after which something hangs."""

_WHOLE = Policy(timeouts=Timeouts(read=20.0, send=20.0))
_STREAMED = structs.replace(_WHOLE, buffering=Buffering(requests=False))


class ClientSide:
    """Tries streams on a data plane, and says what was wrong with what came of each."""

    def __init__(self, ports: tuple[int, int], pod: Numbering, watch: Watch) -> None:
        self._ports = ports
        self._pod = pod
        self.honest = Honest(ports[0])
        self.watch = watch
        self.passed = self.refused = 0

    async def attempt(self, stream: Stream) -> str:
        """Send it, read all answers and look at what the pod got; "" if all is as it should be."""
        self._pod.forget()
        try:
            async with asyncio.timeout(PATIENCE):
                received, wrong = await asyncio.gather(self._converse(stream), self.honest.ask())
                await self._pod.settle()
        except TimeoutError:
            return "hangs"
        return wrong or self._judge(stream, received)

    async def _converse(self, stream: Stream) -> bytes:
        received = b""
        port = self._ports[len(stream.raw) % 2]  # as good as at random, and the same every time
        async with connect(port) as client:
            with suppress(ConnectionError):
                for piece in stream.pieces:
                    await client.send(piece)
                    await asyncio.sleep(0)
                client.writer.write_eof()
            with suppress(ConnectionError):
                while data := await client.reader.read(1 << 18):
                    received += data
        return received

    def _judge(self, stream: Stream, received: bytes) -> str:
        if self.watch.complaints:
            return f"a complaint in the log: {self.watch.complaints.pop()}"
        if self._pod.broken:
            return f"the pod got what is no request: {self._pod.broken.pop()}"
        reading = read_stream(stream.raw)
        seen = {number: each for number, each in self._pod.seen.items() if not is_honest(each)}
        if unasked := first_unasked(list(seen.values()), reading):
            return f"the pod got what was not asked for: {unasked!r}"
        if wrong := next(filter(None, map(misled_by, seen.values())), b""):
            return f"the pod got a field that may not travel: {wrong!r}"
        self.passed += len(seen)
        return self._judge_answers(received, reading, seen)

    def _judge_answers(self, received: bytes, reading: Reading, seen: dict[int, Seen]) -> str:
        """I3 and I6: every answer is whole and belongs here, and nothing follows a refusal."""
        asked = [*reading.requests, reading.broken]
        numbers = []
        for request in asked:
            if not received:
                break
            answer = read_answer(received, is_head=_asks_head(request), has_closed=False)
            if answer.status in REFUSALS:
                self.refused += 1
                return _judge_refusal(answer)
            if answer.flaw or answer.status not in (200, 404):
                return f"the client got {answer.status}, {answer.flaw}: {received[:80]!r}"
            received = answer.rest
            if answer.body and answer.status == 200:
                numbers.append(int(answer.body.partition(b" ")[0]))
        if received.startswith(b"HTTP/1.1 4"):
            self.refused += 1
            return _judge_refusal(read_answer(received, has_closed=False))
        if received:
            return f"more answers than requests: {received[:80]!r}"
        wanted = [number for number, each in seen.items() if not each.line.startswith(b"HEAD ")]
        if reading.flaw == CLOSED:  # who goes on after "close" may lose answers to a reset
            wanted = wanted[: len(numbers)]
        return "" if numbers == wanted else f"answers lost: got {numbers}, the pod gave {wanted}"


def is_honest(request: Seen) -> bool:
    """Whether it is of the client beside."""
    return HONEST in request.line


def misled_by(request: Seen) -> bytes:
    """A field by which the pod would be told what is not so; b"" if there is none."""
    for name, value in request.fields:
        is_spoofed = name in (b"x-forwarded-for", b"x-real-ip") and value != b"127.0.0.1"
        if b"_" in name or name in STAYING or is_spoofed:
            return b"%b: %b" % (name, value)
    return b""


def first_unasked(seen: list[Seen], reading: Reading) -> bytes:
    """I1, I4: a request at the pod that is none of the whole ones of the stream, in their order."""
    left = iter(reading.requests)
    for request in seen:
        if not any(_is_same(asked, request) for asked in left):
            return request.line + b" " + request.body[:80]
    return b""


def _is_same(asked: Asked, seen: Seen) -> bool:
    return asked.line == seen.line and asked.body == seen.body


def _asks_head(request: Asked | None) -> bool:
    return request is not None and request.method == b"HEAD"


def _judge_refusal(answer: Answered) -> str:
    if answer.values(b"connection") != [b"close"]:
        return f"{answer.status} does not end the connection"
    if answer.rest.startswith(b"HTTP/") or b"\r\n\r\nHTTP/" in answer.rest:
        return f"{answer.status} is followed by {answer.rest[:80]!r}"
    return ""


@asynccontextmanager
async def client_side(watch: Watch) -> AsyncIterator[ClientSide]:
    """A fresh data plane, its pod and the client beside."""
    async with (
        numbering() as pod,
        proxy(simple([pod.port], _WHOLE)) as whole,
        proxy(simple([pod.port], _STREAMED)) as streamed,
    ):
        side = ClientSide((whole.port, streamed.port), pod, watch)
        yield side
        await side.honest.leave()
