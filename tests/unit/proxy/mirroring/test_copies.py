"""Copies under way: what is counted, told, and let go of."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import aiohttp
import pytest
from multidict import CIMultiDict
from support.simulated_time import run_simulated
from yarl import URL

from ingressd.proxy.bodies.temporary_files import TemporaryFile, TemporaryFiles
from ingressd.proxy.inquiry.courier import Courier, Question
from ingressd.proxy.mirroring.copies import MOST, TELL_EVERY, Copies
from ingressd.proxy.mirroring.copying import Copy
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.policy import Timeouts

QUESTION = Question("GET", URL("http://user:pw@m.test/a?secret"), CIMultiDict())


class Carrier(Courier):
    """Sends nothing: it fails, or waits until it may end."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self._error = error
        self.may_end = asyncio.Event()

    async def send(
        self, question: Question, timeouts: Timeouts, body: AsyncIterator[bytes] | None
    ) -> None:
        if self._error is not None:
            raise self._error
        await self.may_end.wait()


class Stage:
    """Copies that are handed to a carrier."""

    def __init__(self, error: Exception | None = None) -> None:
        self.carrier = Carrier(error)
        self.metrics = Metrics()
        self.copies = Copies(self.carrier, self.metrics)

    def send(self, body: bytes | TemporaryFile | None = None) -> None:
        self.copies.send(Copy(QUESTION, body), Timeouts())

    async def over(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self.copies._under_way)


def is_closed(file: TemporaryFile) -> bool:
    return file._users == 0


async def test_so_many_at_a_time_and_others_once_they_are_gone() -> None:
    stage = Stage()
    for _ in range(MOST):
        assert stage.copies.has_room
        stage.send()
    assert not stage.copies.has_room
    stage.carrier.may_end.set()
    await stage.over()
    assert stage.copies.has_room
    assert stage.metrics.lost_copies == 0


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (aiohttp.ClientError("no route"), "no route"),
        (ValueError("bad header"), "bad header"),
        (TimeoutError(), "TimeoutError"),
        (OSError(5, "Input/output error"), "Input/output error"),
    ],
)
async def test_one_that_fails_is_counted_and_told_without_what_it_says(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage(error)
    stage.send()
    with caplog.at_level(logging.WARNING):
        await stage.over()
    assert stage.metrics.lost_copies == 1
    assert f"http://m.test: {reason}" in caplog.text.replace("[Errno 5] ", "")
    assert "secret" not in caplog.text
    assert "pw" not in caplog.text


@pytest.mark.parametrize("error", [None, ValueError("x")])
async def test_its_body_is_let_go_of_however_it_ends(error: Exception | None) -> None:
    stage, file = Stage(error), TemporaryFiles().new()
    stage.send(file)
    assert not is_closed(file)
    stage.carrier.may_end.set()
    await stage.over()
    assert is_closed(file)


async def test_at_the_end_what_is_under_way_is_dropped() -> None:
    stage, file = Stage(), TemporaryFiles().new()
    stage.send(file)
    await asyncio.sleep(0)
    await stage.copies.close()
    assert is_closed(file)
    assert stage.copies.has_room
    assert stage.metrics.lost_copies == 0


def test_of_many_that_are_lost_each_is_counted_and_few_are_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def main() -> Metrics:
        stage = Stage()
        for reason in ("one", "two"):
            stage.copies.lose(reason)
        await asyncio.sleep(TELL_EVERY)
        stage.copies.lose("three")
        return stage.metrics

    metrics = run_simulated(main())
    assert metrics.lost_copies == 3
    assert [record.getMessage().rpartition(" ")[2] for record in caplog.records] == ["one", "three"]
