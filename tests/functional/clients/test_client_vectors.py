"""Every vector, on real sockets: a client, the proxy, and a pod that reads strictly.

What holds for all of them: no pod gets more requests than the vector allows; each parses strictly,
with one framing; after a refusal the connection ends; and what did not come whole never looks
whole to a pod.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from support.clients import Client, Response, connect
from support.proxies import Running, proxy, simple
from support.recorder import Recorder, recorder
from support.strict import Seen
from support.vectors import ALL
from support.vectors.model import Outcome, Vector

FOLLOWING = b"GET /following HTTP/1.1\r\nHost: a.test\r\n\r\n"
SLOW = 2_000
"""Vectors up to this many bytes are also sent byte by byte."""

Rig = tuple[Running, Recorder]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with recorder() as pod, proxy(simple([pod.port])) as running:
        yield running, pod


def test_names_are_unique() -> None:
    names = Counter(each.name for each in ALL)
    assert [name for name, count in names.items() if count > 1] == []


async def test_a_pod_stops_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    async with recorder() as pod, connect(pod.port) as client:
        await client.send(FOLLOWING)
        await client.response()
        await pod.stop()
        assert await client.at_eof()
    assert not caplog.records


@pytest.mark.parametrize("vector", ALL, ids=lambda vector: vector.name)
async def test_in_one_piece(rig: Rig, vector: Vector) -> None:
    await _try(rig, vector, [vector.sent])


@pytest.mark.parametrize(
    "vector", [each for each in ALL if len(each.sent) <= SLOW], ids=lambda vector: vector.name
)
async def test_byte_by_byte(rig: Rig, vector: Vector) -> None:
    await _try(rig, vector, [vector.sent[at : at + 1] for at in range(len(vector.sent))])


async def _try(rig: Rig, vector: Vector, pieces: list[bytes]) -> None:
    running, pod = rig
    async with asyncio.timeout(3), connect(running.port) as client:
        await _send(client, pieces, ends=vector.ends)
        answers = await _answers(client, vector)
        is_open = await _serves_on(client, vector, answers)
        await pod.until_cut_short()
    _compare(vector, pod, answers, is_open=is_open)


async def _send(client: Client, pieces: list[bytes], *, ends: bool) -> None:
    with suppress(ConnectionError):  # it may be refused before it is out
        for piece in pieces:
            await client.send(piece)
            await asyncio.sleep(0)
        if ends:
            client.writer.write_eof()


async def _answers(client: Client, vector: Vector) -> list[Response]:
    """As many answers as the vector may get; all there are when it has to be refused."""
    answers: list[Response] = []
    most = 1000 if vector.outcome is Outcome.REFUSED else max(1, vector.count)
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while len(answers) < most:
            is_head = vector.sent.startswith(b"HEAD") and not answers
            answers.append(await client.response(is_head=is_head))
            if answers[-1].status == 100:
                answers.pop()
    return answers


async def _serves_on(client: Client, vector: Vector, answers: list[Response]) -> bool:
    """Whether one more request is answered, by the bytes of its own answer."""
    if vector.outcome is Outcome.REFUSED or vector.ends:
        return not await client.at_eof()
    if not answers or answers[-1].value(b"connection") == b"close":
        return not await client.at_eof()
    await client.send(FOLLOWING)
    return (await client.response()).body == FOLLOWING.partition(b"\r\n")[0]


def _compare(vector: Vector, pod: Recorder, answers: list[Response], *, is_open: bool) -> None:
    statuses = [each.status for each in answers]
    requests = [each for each in pod.requests if b" /following " not in each.line]
    assert len(requests) <= vector.count
    assert all(each.complete for each in answers)
    if vector.outcome is Outcome.REFUSED or statuses[-1] != 200:
        assert statuses[-1] in vector.statuses
        assert statuses[:-1] == [200] * len(requests)
        assert not is_open
        return
    assert statuses == [200] * vector.count
    assert len(requests) == vector.count
    assert is_open is not (vector.closes or vector.ends)
    _compare_last(vector, requests[-1])


def _compare_last(vector: Vector, request: Seen) -> None:
    known = {name for name, _ in request.fields} | set(request.field_lines)
    assert vector.line in (None, request.line)
    assert vector.body in (None, request.body)
    assert not set(vector.has) - known
    assert not set(vector.hasnt) & known
