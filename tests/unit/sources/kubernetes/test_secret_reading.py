"""Minutes of reading, in simulated time: how often, and who waits for whom."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest
from support.simulated_time import run_simulated

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Added, Deleted, Event
from ingressd.sources.kubernetes import secret_reading
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable, KubernetesError
from ingressd.sources.kubernetes.outbox import Outbox
from ingressd.sources.kubernetes.secret_reading import SecretReading
from ingressd.sources.kubernetes.watching import Watching

FORBIDDEN = ApiError(403, "Forbidden", "no")
BROKEN = ApiError(500, "InternalError", "unable to transform key: no matching prefix")


class Server:
    """Has every Secret, but those whose names are ``failing``; an answer takes 10 ms."""

    def __init__(self) -> None:
        self.failing: dict[str, KubernetesError] = {}
        self.asked: Counter[str] = Counter()

    async def get(self, path: str, within: float | None = None, /, **query: str) -> bytes:
        await asyncio.sleep(0.01)
        name = query["fieldSelector"].partition(",")[0].removeprefix("metadata.name=")
        namespace = path.split("/")[4]
        self.asked[name] += 1
        if error := self.failing.get(name) or self.failing.get(namespace):
            raise error
        metadata = {"name": name, "namespace": namespace, "resourceVersion": "7"}
        page = {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": metadata}]}
        return json.dumps(page).encode()

    @asynccontextmanager
    async def stream(self, path: str, **_query: object) -> AsyncIterator[AsyncIterator[bytes]]:
        yield self._silence()

    async def _silence(self) -> AsyncIterator[bytes]:
        await asyncio.get_running_loop().create_future()
        yield b""


class Reader:
    """Reads by name, and notes the Secrets that were read and those whose state was another."""

    def __init__(self) -> None:
        self.server = Server()
        self.names: set[str] = set()
        self.told: list[str] = []
        clock = asyncio.get_running_loop().time
        outbox = Outbox([])
        outbox.show_first(self._take)
        self.contacts = Contacts("", outbox.put, clock=clock)
        api = cast("ApiServer", self.server)
        shared = Watching(api, outbox, self.contacts, clock=clock, uniform=lambda low, high: high)
        self.reading = SecretReading(
            shared, asyncio.create_task, lambda key: self.told.append(key.name)
        )

    def _take(self, events: object) -> list[Event]:
        for event in cast("list[Event]", events):
            match event:
                case Added(found):
                    self.names.add(found.metadata.name)
                case Deleted(key):
                    self.names.remove(key.name)
        return []

    def begin(self, namespace: str, *names: str) -> None:
        for name in names:
            self.reading.begin(ObjectKey("Secret", namespace, name))

    @property
    def stale(self) -> float:
        return max((state.stale for state in self.contacts.states), default=0.0)

    async def asked_in(self, seconds: float) -> int:
        """How many requests there are in the time to come."""
        before = self.server.asked.total()
        await asyncio.sleep(seconds)
        return self.server.asked.total() - before


def simulated(scenario: Callable[[Reader], Awaitable[None]]) -> None:
    async def run() -> None:
        reader = Reader()
        try:
            await scenario(reader)
        finally:
            for task in reader.reading.tasks:
                task.cancel()
            await asyncio.gather(*reader.reading.tasks, return_exceptions=True)

    run_simulated(run())


@pytest.fixture
def no_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_reading, "MOST_WATCHES", 0)


def test_one_that_can_never_be_read_holds_up_nobody() -> None:
    async def scenario(reader: Reader) -> None:
        reader.server.failing["broken"] = BROKEN
        reader.begin("a", "broken")
        await asyncio.sleep(60.0)
        assert 4 <= reader.server.asked["broken"] <= 8
        assert reader.told == ["broken"]
        reader.begin("a", "mine")
        reader.begin("b", "theirs")
        await asyncio.sleep(0.1)
        assert reader.names == {"mine", "theirs"}
        assert reader.stale == 0.0
        reader.server.failing.clear()
        await asyncio.sleep(31.0)
        assert reader.names == {"mine", "theirs", "broken"}

    simulated(scenario)


@pytest.mark.parametrize(
    "error", [ApiUnreachable("refused"), ApiError(429, "TooManyRequests", "", 20.0)]
)
def test_a_server_that_answers_nobody_is_left_in_peace(error: KubernetesError) -> None:
    async def scenario(reader: Reader) -> None:
        names = [str(number) for number in range(100)]
        reader.server.failing["a"] = error
        reader.begin("a", *names)
        assert await reader.asked_in(120.0) < 15
        assert reader.told == []
        reader.server.failing.clear()
        await asyncio.sleep(60.0)
        assert reader.names == set(names)

    simulated(scenario)


def test_a_refusal_is_not_believed_at_once(no_watches: None) -> None:
    async def scenario(reader: Reader) -> None:
        reader.server.failing["cert"] = FORBIDDEN
        reader.begin("a", "cert")
        await asyncio.sleep(0.5)
        reader.server.failing.clear()
        await asyncio.sleep(1.0)
        assert reader.names == {"cert"}
        assert reader.told == ["cert"]  # that it is read in turn
        assert reader.reading.of(ObjectKey("Secret", "a", "cert")).trouble is None  # type: ignore[union-attr]

    simulated(scenario)


def test_what_is_forbidden_costs_a_request_in_each_round_and_namespace() -> None:
    async def scenario(reader: Reader) -> None:
        reader.server.failing["a"] = reader.server.failing["b"] = FORBIDDEN
        reader.begin("a", *(f"a{number}" for number in range(300)))
        reader.begin("b", "b1", "b2")
        await asyncio.sleep(120.0)
        assert len(reader.told) == 302
        assert await reader.asked_in(300.0) <= 20 + 1
        assert reader.stale == 0.0
        del reader.server.failing["b"]
        await asyncio.sleep(31.0)
        assert reader.names == {"b1", "b2"}

    simulated(scenario)


def test_what_is_read_in_turn_is_as_stale_as_its_last_reading(no_watches: None) -> None:
    async def scenario(reader: Reader) -> None:
        reader.begin("a", "cert")
        await asyncio.sleep(20.01)
        assert reader.stale == pytest.approx(20.0)
        await asyncio.sleep(20.0)
        assert reader.stale == pytest.approx(10.0, abs=0.1)
        assert [state.relists for state in reader.contacts.states] == [0]
        assert await reader.asked_in(300.0) == 10

    simulated(scenario)


def test_one_that_is_stopped_while_it_is_asked_for_is_not_told() -> None:
    async def scenario(reader: Reader) -> None:
        reader.begin("a", "cert")
        await asyncio.sleep(0.005)
        assert reader.reading.stop(ObjectKey("Secret", "a", "cert")) == []
        await asyncio.sleep(1.0)
        assert reader.names == set()
        assert reader.server.asked == {"cert": 1}

    simulated(scenario)
