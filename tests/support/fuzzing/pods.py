"""The pods' side under fire: answers damaged in every way, and what clients get to see of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from ingressd.routing.policy import Policy, Timeouts
from support.clients import connect
from support.fuzzing.answers import Answered, read_answer
from support.fuzzing.honest import Honest
from support.fuzzing.mutation import Stream
from support.fuzzing.reading import CUT
from support.fuzzing.watch import Watch
from support.pods import Visit, pod
from support.proxies import proxy, route, upstream

PATIENCE = 30.0
"""Seconds after which something hangs."""

TRIES = 3
CUT_SHORT = "a good answer is cut"

THENS = ("keeps", "closes", "resets")
"""What a pod does once its bytes are out. Where it keeps the connection it answers the next."""

ASKS = {
    "GET": b"GET /damaged HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "HEAD": b"HEAD /damaged HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "POST": b"POST /damaged HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
    "OLD": b"GET /damaged HTTP/1.0\r\nHost: a.test\r\n\r\n",
    "UPGRADE": b"GET /damaged HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
}
NEXT = b"GET /next HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"

_IMPATIENT = Policy(timeouts=Timeouts(read=3.0, send=3.0))
_PATIENT = Policy(timeouts=Timeouts(read=20.0, send=20.0))


class PodSide:
    """Lets a pod send streams, and says what was wrong with what a client saw of each.

    A stream's ``setting`` is a key of ASKS and one of THENS.
    """

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.port = 0
        self.honest = Honest(0)
        self.relayed = self.refused = 0
        self._stream = Stream(())

    async def script(self, visit: Visit) -> None:
        """What the pod does with each connection."""
        while received := await visit.request():
            visit.pod.requests.clear()  # it goes on for long
            if b"/damaged" in received.line:
                if not await self._misbehave(visit):
                    return
            else:
                line = received.line
                head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(line)
                await visit.send(head + line)

    async def _misbehave(self, visit: Visit) -> bool:
        """Send the stream; whether the connection stays."""
        stream = self._stream
        _, then = stream.setting.split()
        for piece in stream.pieces:
            await visit.send(piece)
            await asyncio.sleep(0)
        if then == "resets":
            visit.reset()
        return then == "keeps"

    async def attempt(self, stream: Stream) -> str:
        """Ask, let the pod send it, ask again; "" if all is as it should be.

        On a machine that gives us no time a pod may seem to be silent: what was cut is cut again.
        """
        for _ in range(TRIES):
            wrong = await self._attempt(stream)
            if not wrong.startswith(CUT_SHORT):
                break
        return wrong

    async def _attempt(self, stream: Stream) -> str:
        ask, then = stream.setting.split()
        meant = read_answer(stream.raw, is_head=ask == "HEAD", has_closed=then == "closes")
        if ask == "UPGRADE" and then == "keeps":
            return ""  # a tunnel that stays open is tried elsewhere
        self._stream = self._in_time(stream, meant)
        try:
            async with asyncio.timeout(PATIENCE):
                received, ended = await self._ask(ask)
                wrong = await self.honest.ask()
        except TimeoutError:
            return "hangs"
        if self.watch.complaints:
            return f"a complaint in the log: {self.watch.complaints.pop()}"
        has_closed = ended and ask == "OLD"
        seen = read_answer(received, is_head=ask == "HEAD", has_closed=has_closed)
        return wrong or self._judge(ask, then, meant, seen)

    def _in_time(self, stream: Stream, meant: Answered) -> Stream:
        """The stream with all that follows its answer in one piece with the answer's end.

        What comes when the next request is out already cannot be told from its answer.
        """
        if meant.flaw or not meant.rest:
            return stream
        end, kept, at = len(stream.raw) - len(meant.rest), [], 0
        for piece in stream.pieces:
            if at + len(piece) >= end:
                break
            kept.append(piece)
            at += len(piece)
        return Stream((*kept, stream.raw[at:]), stream.setting, stream.origin)

    async def _ask(self, ask: str) -> tuple[bytes, bool]:
        """All that comes by one connection, on which one more request follows where it may.

        And whether it ended well: to HTTP/1.0 that is the end of a body.
        """
        received = b""
        async with connect(self.port) as client:
            await client.send(ASKS[ask] if ask in ("OLD", "UPGRADE") else ASKS[ask] + NEXT)
            try:
                while data := await client.reader.read(1 << 18):
                    received += data
            except ConnectionError:
                return received, False
        return received, True

    def _judge(self, ask: str, then: str, meant: Answered, seen: Answered) -> str:
        if ask == "UPGRADE" and seen.flaw == "101":
            return "" if meant.flaw == "101" else "a switch that the pod did not make"
        if seen.flaw == CUT:
            is_good = not (meant.flaw or meant.is_odd) and then != "resets"
            return f"{CUT_SHORT}: {seen.status}" if is_good else ""
        if seen.flaw:
            return f"{seen.flaw} towards the client: {seen.status} {seen.rest[:80]!r}"
        return self._judge_whole(meant, seen)

    def _judge_whole(self, meant: Answered, seen: Answered) -> str:
        if seen.status in (502, 504) and seen.values(b"content-type"):
            self.refused += 1
        elif meant.flaw:
            return f"an answer that is none ({meant.flaw}) became {seen.status} {seen.body[:80]!r}"
        elif (seen.status, seen.body) != (meant.status, meant.body):
            return f"another answer: {seen.status} {seen.body[:80]!r}"
        else:
            self.relayed += 1
        return _judge_next(seen)


def _judge_next(seen: Answered) -> str:
    """I6: what follows is the answer to the next request, or nothing after a last answer."""
    if seen.values(b"connection") == [b"close"]:
        return f"bytes after the last answer: {seen.rest[:80]!r}" if seen.rest else ""
    following = read_answer(seen.rest, has_closed=False)
    is_own = not following.flaw and following.body == b"GET /next HTTP/1.1"
    return "" if is_own else f"the next answer is {following.flaw} {seen.rest[:120]!r}"


@asynccontextmanager
async def pod_side(watch: Watch) -> AsyncIterator[PodSide]:
    """A fresh data plane and a pod that misbehaves."""
    side = PodSide(watch)
    async with pod(side.script) as web, proxy(_table(web.port)) as running:
        side.port = running.port
        side.honest = Honest(running.port)
        yield side
        await side.honest.leave()


def _table(port: int) -> Delta:
    """Only damaged answers have to come soon; all come from one pod."""
    routes = (route("/damaged", policy=_IMPATIENT), route("/", policy=_PATIENT))
    return Delta(1, reset=True, hosts=(Host("a.test", routes),), upstreams=(upstream([port]),))
