from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from support.simulated_time import run_simulated

from ingressd.controller.cluster.pending import Pending
from ingressd.resources.metadata import ObjectKey

A, B, C = (ObjectKey("Ingress", "default", name) for name in "abc")


def now() -> float:
    return asyncio.get_running_loop().time()


def played(scene: Coroutine[None, None, None]) -> None:
    run_simulated(scene)


def test_each_is_taken_once_and_in_order() -> None:
    async def scene() -> None:
        pending = Pending(settle=0)
        pending.add([A, B])
        pending.add([A, C])
        assert len(pending) == 3
        assert await pending.take(2) == [A, B]
        assert await pending.take(2) == [C]

    played(scene())


def test_what_comes_in_settles_first_and_keeps_its_turn() -> None:
    async def scene() -> None:
        pending, began = Pending(settle=1), now()
        pending.add([A])
        await asyncio.sleep(0.9)
        pending.add([A, B])
        assert await pending.take(10) == [A]
        assert now() - began == 1
        assert await pending.take(10) == [B]
        assert round(now() - began, 3) == 1.9

    played(scene())


def test_who_waits_is_woken() -> None:
    async def scene() -> None:
        pending = Pending(settle=0.5)
        taking = asyncio.create_task(pending.take(1))
        await asyncio.sleep(10)
        pending.add([A], delay=5)
        pending.add([B])
        assert await taking == [B]

    played(scene())


def test_patience_ends() -> None:
    async def scene() -> None:
        pending, began = Pending(settle=0), now()
        assert await pending.take(1, timeout=3) == []
        assert now() - began == 3
        pending.add([A])
        assert await pending.take(1, timeout=0) == [A]
        pending.add([B])
        pending.clear()
        assert await pending.take(1, timeout=1) == []

    played(scene())
