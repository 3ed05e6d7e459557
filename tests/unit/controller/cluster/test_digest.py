from __future__ import annotations

import asyncio

from support.simulated_time import run_simulated

from ingressd.controller.cluster.digest import SLICE, Digest
from ingressd.controller.observing import Change
from ingressd.resources.metadata import ObjectKey


def keys(first: int, count: int) -> frozenset[ObjectKey]:
    return frozenset(ObjectKey("Ingress", "default", f"w{n}") for n in range(first, first + count))


def test_the_first_comes_whole_and_what_follows_in_slices() -> None:
    async def scene() -> None:
        heard: list[Change] = []
        digest = Digest([heard.append])
        running = asyncio.create_task(digest.run())
        digest.hear(Change(1, keys(0, 3 * SLICE), frozenset({"a/b"})))
        await digest.is_begun.wait()
        assert heard == [Change(1, keys(0, 3 * SLICE), frozenset({"a/b"}))]

        heard.clear()
        digest.hear(Change(2, keys(0, SLICE), frozenset({"a/b"})))
        digest.hear(Change(3, keys(0, SLICE + 1), frozenset({"a/c"})))
        assert heard == []
        await asyncio.sleep(1)
        assert [len(each.ingresses) for each in heard] == [SLICE, 1]
        assert [each.services for each in heard] == [frozenset({"a/b", "a/c"}), frozenset()]
        assert {each.generation for each in heard} == {3}
        running.cancel()

    run_simulated(scene())


def test_a_change_of_services_alone_is_handed_on() -> None:
    async def scene() -> None:
        heard: list[Change] = []
        digest = Digest([heard.append])
        running = asyncio.create_task(digest.run())
        digest.hear(Change(1, frozenset(), frozenset()))
        await digest.is_begun.wait()
        digest.hear(Change(2, frozenset(), frozenset({"a/b"})))
        await asyncio.sleep(1)
        assert heard[1:] == [Change(2, frozenset(), frozenset({"a/b"}))]
        running.cancel()

    run_simulated(scene())
