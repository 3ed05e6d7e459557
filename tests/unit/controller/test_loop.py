from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from support.objects import endpoint_slice, ingress, rule, service
from support.routes import certificate
from support.waiting import until

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.loop import Follower, restart_delay
from ingressd.routing.delta import Delta
from ingressd.sources.events import Added, Event, KindState, Modified, Synced

FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
START = [Added(ingress("web", rule("a.example.com", "/"))), Added(service("web")), Synced()]


def scaled(address: str) -> list[Event]:
    return [Modified(endpoint_slice("web", address))]


class Source:
    """A source that watches nothing over a network."""

    states: Sequence[KindState] = ()


class Script(Source):
    """A source of given batches; where it says None it waits until ``go_on`` is set."""

    def __init__(self, *batches: Sequence[Event] | None) -> None:
        self._batches = batches
        self.go_on = asyncio.Event()

    async def batches(self) -> AsyncIterator[Sequence[Event]]:
        for batch in self._batches:
            if batch is None:
                await self.go_on.wait()
                self.go_on.clear()
            else:
                yield batch


def controller() -> Controller:
    return Controller(CompilerSettings(), fallback_certificate=FALLBACK, now=lambda: 0.0)


async def test_burst_is_published_as_one_delta_and_never_before_sync() -> None:
    published: list[Delta] = []
    source = Script(START[:1], START[1:2], START[2:], scaled("10.0.0.1"), scaled("10.0.0.2"))
    await Follower(controller(), source, published.append).run()
    assert [delta.generation for delta in published] == [1]
    assert [str(e) for e in published[0].upstreams[0].endpoints] == ["10.0.0.2:8080"]


async def test_each_later_change_is_published() -> None:
    published: asyncio.Queue[Delta] = asyncio.Queue()
    source = Script(START, None, scaled("10.0.0.1"), None, scaled("10.0.0.2"))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(Follower(controller(), source, published.put_nowait).run())
        assert (await published.get()).generation == 1
        for generation in (2, 3):
            source.go_on.set()
            assert (await published.get()).generation == generation


async def test_burst_that_does_not_end_is_cut() -> None:
    published = asyncio.Event()

    class Flapping(Source):
        async def batches(self) -> AsyncIterator[Sequence[Event]]:
            yield START
            number = 0
            while not published.is_set():
                number += 1
                await asyncio.sleep(0)
                yield scaled(f"10.0.0.{number % 250 + 1}")

    await Follower(controller(), Flapping(), lambda _: published.set(), hold_off=60).run()
    assert published.is_set()


async def test_change_that_no_worker_needs_is_not_published() -> None:
    published: list[Delta] = []
    source = Script(START, None, [Added(service("idle"))])
    source.go_on.set()
    await Follower(controller(), source, published.append).run()
    assert len(published) == 1


class Failing(Source):
    """Fails after each of its batches, and goes on with the next one."""

    def __init__(self, *batches: Sequence[Event]) -> None:
        self._batches = list(batches)

    async def batches(self) -> AsyncIterator[Sequence[Event]]:
        if self._batches:
            yield self._batches.pop(0)
            raise OSError("gone")


async def test_a_source_that_fails_goes_on_and_loses_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    published: list[Delta] = []
    follower = Follower(controller(), Failing(START, scaled("10.0.0.1")), published.append)
    await follower.run()

    assert [delta.generation for delta in published] == [1, 2]
    assert follower.failures == 2
    assert "the source failed; it is opened again in 0.1 s; the last good table" in caplog.text
    assert "OSError: gone" in caplog.text


async def test_another_source_in_its_place_lists_everything_and_what_is_missing_goes() -> None:
    published: list[Delta] = []
    followed = controller()
    other = ingress("other", rule("b.example.com", "/"))
    renewed = Script([Added(other), Added(service("web")), Synced()])
    follower = Follower(followed, Failing(START), published.append, lambda _: renewed)
    await follower.run()

    assert set(followed.table.hosts) == {"b.example.com"}
    assert published[1].removed_hosts == ("a.example.com",)
    assert [str(key) for key in followed.ingresses] == ["Ingress default/other"]


async def test_until_another_source_is_in_sync_all_stays() -> None:
    followed = controller()
    renewed = Script([Added(service("other"))], None, [Synced()])
    published: asyncio.Queue[Delta] = asyncio.Queue()
    follower = Follower(followed, Failing(START), published.put_nowait, lambda _: renewed)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follower.run())
        assert (await published.get()).generation == 1
        await until(lambda: follower._source is renewed)
        assert set(followed.table.hosts) == {"a.example.com"}
        assert len(followed.ingresses) == 1
        renewed.go_on.set()
        assert (await published.get()).removed_hosts == ("a.example.com",)


async def test_a_bug_that_no_unit_shows_costs_no_change_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    published: asyncio.Queue[Delta] = asyncio.Queue()
    source = Script(START, None, scaled("10.0.0.1"), None, [Added(service("idle"))])
    follower = Follower(controller(), source, published.put_nowait)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(follower.run())
        assert (await published.get()).generation == 1
        with monkeypatch.context() as broken:
            broken.setattr("ingressd.controller.controller.delta_from", None)
            source.go_on.set()
            await until(lambda: follower.failures == 1)
        source.go_on.set()
        repaired = await published.get()

    assert [str(e) for e in repaired.upstreams[0].endpoints] == ["10.0.0.1:8080"]
    assert "changes could not be compiled; the last good table stays served" in caplog.text


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.1), (4, 0.8), (9, 25.6), (9999, 30.0)])
def test_a_source_that_fails_again_and_again_is_opened_ever_more_rarely(
    failures: int, seconds: float
) -> None:
    assert restart_delay(failures) == seconds
