"""What only shows when the store is behind, or leadership ends between plan and write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import structs
from support.object_store_api import ObjectStoreApi
from support.objects import all_of
from support.replicas import KEY, ingress, path_of
from support.routes import certificate
from support.simulated_time import run_simulated

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.cluster.allowance import TokenBucket
from ingressd.controller.cluster.authorship import Authorship
from ingressd.controller.cluster.elector import Candidate
from ingressd.controller.cluster.failures import Failures
from ingressd.controller.cluster.pen import Pen
from ingressd.controller.cluster.published import FixedAddresses
from ingressd.controller.cluster.status_writer import StatusWriter
from ingressd.controller.controller import Controller
from ingressd.controller.observing import Change
from ingressd.resources.ingress import Ingress


def writer_of(
    api: ObjectStoreApi, *ingresses: Ingress, may_write: Callable[[], bool] = lambda: True
) -> StatusWriter:
    """A writer whose store never hears of what it writes."""
    controller = Controller(
        CompilerSettings(),
        fallback_certificate=certificate("x", fingerprint="f", secret=""),
        now=lambda: 0.0,
    )
    pen = Pen(api, "status", Failures(), may_write, TokenBucket(1000, 1000, 0))  # type: ignore[arg-type]
    authorship = Authorship(api, Candidate("a", "ingress", "leader"))  # type: ignore[arg-type]
    writer = StatusWriter(controller, FixedAddresses(("192.0.2.1",)), pen, authorship)
    controller.observe(writer.note)
    controller.apply(all_of(*ingresses))
    for each in ingresses:
        api.put(path_of(each), {"metadata": {"name": each.metadata.name}})
    return writer


def ran(writer: StatusWriter, seconds: float) -> asyncio.Task[None]:
    task = asyncio.create_task(writer.run())
    asyncio.get_running_loop().call_later(seconds, task.cancel)
    return task


def test_nothing_is_written_twice_because_the_store_is_behind() -> None:
    async def scene() -> None:
        api = ObjectStoreApi()
        made = ingress()
        current = structs.replace(made.metadata, resource_version="1")
        writer = writer_of(api, structs.replace(made, metadata=current))
        running = ran(writer, 50)
        for _ in range(20):
            await asyncio.sleep(1)
            writer.note(Change(1, frozenset({KEY}), frozenset()))
        await asyncio.wait((running,))
        assert len(api.sent("PATCH")) == 1

    run_simulated(scene())


def test_nothing_is_written_once_it_may_not_be() -> None:
    async def scene() -> None:
        api = ObjectStoreApi()
        await asyncio.wait((ran(writer_of(api, ingress(), may_write=lambda: False), 50),))
        assert api.sent("PATCH") == []

    run_simulated(scene())


def test_a_standby_keeps_nothing_to_write() -> None:
    async def scene() -> None:
        api = ObjectStoreApi()
        writer = writer_of(api, *(ingress(f"web-{n}") for n in range(10)))
        assert len(writer._pending) == 0

    run_simulated(scene())
