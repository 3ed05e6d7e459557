from __future__ import annotations

import asyncio

import pytest

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Deleted, Event, Synced
from ingressd.sources.kubernetes.outbox import Outbox

ONE, TWO = (Deleted(ObjectKey("Service", "default", name)) for name in "ab")


async def test_what_comes_in_one_turn_of_the_loop_comes_out_together() -> None:
    outbox = Outbox([])
    loop = asyncio.get_running_loop()
    taking = asyncio.create_task(outbox.take())
    loop.call_soon(outbox.put, [ONE])
    loop.call_soon(outbox.put, [TWO])
    assert await taking == [ONE, TWO]


async def test_nothing_is_no_batch() -> None:
    outbox = Outbox([])
    outbox.put([])
    taking = asyncio.create_task(outbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    outbox.put([ONE])
    assert await taking == [ONE]


async def test_synced_comes_once_after_everything_that_is_expected() -> None:
    outbox = Outbox(["a", "endpoints"])
    outbox.put([ONE])
    outbox.arrived("a")
    assert await outbox.take() == [ONE]
    outbox.expect(["slices"])
    outbox.arrived("endpoints")
    outbox.arrived("a")
    outbox.arrived("slices")
    outbox.arrived("slices")
    outbox.put([TWO])
    assert await outbox.take() == [Synced(), TWO]


async def test_events_that_cannot_be_heeded_are_not_lost_in_silence() -> None:
    def fail(_events: object) -> list[Event]:
        raise RuntimeError("a bug")

    outbox = Outbox([])
    outbox.show_first(fail)
    outbox.put([ONE])
    outbox.fail(RuntimeError("what came of it"))
    with pytest.raises(RuntimeError, match="a bug"):
        await outbox.take()


async def test_a_failure_reaches_who_fetches() -> None:
    outbox = Outbox([])
    outbox.fail(RuntimeError("a bug"))
    with pytest.raises(RuntimeError, match="a bug"):
        await outbox.take()
