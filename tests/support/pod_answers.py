"""Pods that answer with any bytes, and what their clients may see of it.

The frame of the tables in ``tests/functional/pods/test_pod_*.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import pytest

from ingressd.routing.policy import Policy, Timeouts
from support.clients import Client, Response, connect
from support.pods import Script, Visit, pod
from support.proxies import proxy, simple

IMPATIENT = Policy(timeouts=Timeouts(connect=0.5, read=0.3, send=0.5))

PLAIN = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n"
WHOLE = PLAIN + TWO + b"\r\nok"
CHUNKED = PLAIN + b"Transfer-Encoding: chunked\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
NEXT = b"/next"


class Then(Enum):
    """What the pod does once its bytes are out."""

    KEEP = "keeps the connection"
    CLOSE = "closes it"
    RESET = "resets it"
    STALL = "falls silent"


class Seen(Enum):
    """What the client gets."""

    RELAYED = "the answer"
    BAD_GATEWAY = "502"
    TIMED_OUT = "504"
    CUT = "an answer without its end, or none"


@dataclass(frozen=True)
class Case:
    """Bytes of a pod and what must come of them.

    ``reuse`` is whether the pod's connection may take the next request. ``has`` and ``hasnt`` are
    lower-case field lines, or their beginnings, that the client must and must not get.
    """

    name: str
    sends: bytes
    then: Then = Then.KEEP
    seen: Seen = Seen.RELAYED
    body: bytes = b"ok"
    reuse: bool = True
    method: bytes = b"GET"
    status: int = 200
    extra: bytes = b""
    has: tuple[bytes, ...] = ()
    hasnt: tuple[bytes, ...] = ()


def refused(name: str, sends: bytes, then: Then = Then.KEEP, **more: bytes) -> Case:
    """The client must learn that the pod talks nonsense."""
    return Case(name, sends, then, Seen.BAD_GATEWAY, reuse=False, **more)  # type: ignore[arg-type]


def cut(name: str, sends: bytes, then: Then = Then.CLOSE) -> Case:
    """The client must not take the answer for a whole one."""
    return Case(name, sends, then, Seen.CUT, reuse=False)


def with_field(line: bytes) -> bytes:
    """An answer that is all right but for one line of its head."""
    return PLAIN + TWO + line + b"\r\n\r\nok"


def table(**groups: Iterable[Case]) -> pytest.MarkDecorator:
    """A test for each case, under the names of its group and its own."""
    found = [(group, case) for group, cases in groups.items() for case in cases]
    named = [pytest.param(case, id=f"{group}: {case.name}") for group, case in found]
    return pytest.mark.parametrize("case", named)


async def play(case: Case) -> None:
    """Let a pod do as the case says, check what its client sees, and what the next request gets."""
    async with (
        pod(_script(case)) as web,
        proxy(simple([web.port], IMPATIENT)) as running,
        connect(running.port) as client,
    ):
        await client.send(b"%b / HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % (case.method, case.extra))
        response = await response_to(client, case.method)
        check(case, response)
        if response is None or not response.complete or response.value(b"connection") == b"close":
            assert await client.at_eof(), "bytes after the last answer"
            async with connect(running.port) as other:
                following = await other.get(NEXT)
        else:
            following = await client.get(NEXT)
        assert (following.status, following.body) == (200, NEXT)
        assert len(web.requests) == 2
        assert web.connections == (1 if case.reuse else 2)


async def response_to(client: Client, method: bytes = b"GET") -> Response | None:
    """What came; None for nothing at all."""
    try:
        return await client.response(is_head=method == b"HEAD")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def check(case: Case, response: Response | None) -> None:
    """Compare what the client got with what the case says."""
    if case.seen is Seen.CUT:
        assert response is None or not response.complete or response.status == 502
        return
    assert response is not None and response.complete
    if case.seen is not Seen.RELAYED:
        assert response.status == int(case.seen.value)
        return
    assert (response.status, response.body) == (case.status, case.body)
    lines = [b"%b: %b" % (name.lower(), value) for name, value in response.headers]
    framing = [line for line in lines if line.startswith((b"content-length", b"transfer-enc"))]
    assert len(framing) <= 1
    for wanted in case.has:
        assert any(line.startswith(wanted) for line in lines), wanted
    for unwanted in case.hasnt:
        assert not any(line.startswith(unwanted) for line in lines), unwanted


def _script(case: Case) -> Script:
    async def script(visit: Visit) -> None:
        while received := await visit.request():
            if received.line.split(b" ")[1] == NEXT:
                await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + NEXT)
                continue
            await visit.send(case.sends)
            if case.then is Then.RESET:
                visit.reset()
            if case.then is Then.STALL:
                await visit.reader.read()
            if case.then is not Then.KEEP:
                return

    return script
