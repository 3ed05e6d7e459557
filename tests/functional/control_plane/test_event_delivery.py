"""Events on their way, in simulated time: not too many, each once, whoever leads and whatever the
API server does with them.
"""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs
from support.object_store_api import Object, at_once, unreachable
from support.objects import path, rule, service
from support.replicas import KEY, LEASE, Cluster, in_cluster, ingress, web_objects, with_status

from ingressd.resources.ingress import Ingress, IngressSpec
from ingressd.sources.events import Added, Deleted
from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable

MISSING = ("Warning", "ServiceMissing", 1)


def with_paths(count: int) -> Ingress:
    """An Ingress whose every path leads to a Service of its own, none of which exists."""
    paths = (path(f"/{number}", to=f"gone-{number}:80") for number in range(count))
    made = ingress()
    return Ingress(
        metadata=made.metadata, spec=IngressSpec("ingressd", None, (rule("a.test", *paths),))
    )


def leading_to(name: str) -> Ingress:
    """An Ingress that has its name in common with its Service, which does not exist."""
    made = ingress(name)
    rules = (rule(f"{name}.test", path("/", to=f"{name}:80")),)
    return structs.replace(made, spec=IngressSpec("ingressd", None, rules))


def held_by_another(lease: Object) -> Object:
    """A Lease that a replica acquired which dies at once."""
    taken = {"holderIdentity": "other", "acquireTime": "2026-01-01T00:00:00.000000Z"}
    return {**lease, "spec": {**lease["spec"], **taken}}


def requests_about_events(made: Cluster) -> int:
    return sum("/events" in path for _, path, _ in made.api.requests)


def test_two_thousand_problems_are_a_dozen_events() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_paths(2000))
        await made.start("a")
        await asyncio.sleep(60)
        warnings = [each for each in made.events() if each["type"] == "Warning"]
        combined = [each for each in warnings if each["message"].startswith("(combined")]
        assert (len(warnings), len(combined)) == (11, 1)
        assert combined[0]["count"] > 1
        assert len(made.api.sent("POST", "/events")) + len(made.api.sent("PATCH", "/events")) <= 26

    in_cluster(scene)


def test_what_is_new_does_not_wait_behind_what_is_old() -> None:
    async def scene(made: Cluster) -> None:
        for number in range(500):
            made.apply(with_status(leading_to(f"old-{number}"), "192.0.2.1"))
        await made.start("a")
        await asyncio.sleep(10)
        made.apply(ingress())
        await asyncio.sleep(2)
        assert MISSING in made.told()
        assert requests_about_events(made) < 250
        await asyncio.sleep(60)
        assert requests_about_events(made) == 502

    in_cluster(scene)


def test_the_next_leader_adds_nothing_to_what_is_told_already() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress(), "192.0.2.1"))
        first = await made.start("a")
        await made.start("b")
        await asyncio.sleep(30)
        await first.kill()
        await asyncio.sleep(60)
        assert made.leaders() == ["b"]
        assert made.told() == [MISSING]

    in_cluster(scene)


def test_an_interruption_tells_nothing_again() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress(), "192.0.2.1"))
        replica = await made.start("a")
        await asyncio.sleep(30)
        before = requests_about_events(made)
        made.api.before = unreachable
        await asyncio.sleep(60)
        assert not replica.is_leader
        made.api.before = at_once
        await asyncio.sleep(60)
        assert replica.is_leader
        assert requests_about_events(made) == before == 1

    in_cluster(scene)


def test_an_interruption_in_the_middle_of_a_write_loses_and_counts_nothing() -> None:
    async def scene(made: Cluster) -> None:
        replica = await made.start("a")
        await asyncio.sleep(5)

        async def stalled(method: str, path: str) -> None:
            if method == "PUT":
                raise ApiUnreachable("reset")
            await asyncio.sleep(3600)

        made.api.before = stalled
        made.apply(*web_objects(), ingress("web", "a.test", "a_b.test"))
        await asyncio.sleep(11)
        assert not replica.is_leader
        made.api.before = at_once
        await asyncio.sleep(30)
        assert sorted(made.told()) == [("Normal", "Synced", 1), ("Warning", "HostInvalid", 1)]

    in_cluster(scene)


def test_what_another_replica_counted_since_goes_on() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress(), "192.0.2.1"))
        replica = await made.start("a")
        await asyncio.sleep(30)
        made.api.put(LEASE, held_by_another(made.api.objects[LEASE]))
        await asyncio.sleep(5)
        assert not replica.is_leader
        ((path, event),) = [each for each in made.api.objects.items() if "/events/" in each[0]]
        made.api.put(path, {**event, "count": 7})
        await asyncio.sleep(30)
        assert replica.is_leader
        assert made.told() == [("Warning", "ServiceMissing", 7)]

        replica.controller.apply([Added(service("web"))])
        await asyncio.sleep(5)
        replica.controller.apply([Deleted(service("web").key)])
        await asyncio.sleep(5)
        assert ("Warning", "ServiceMissing", 8) in made.told()

    in_cluster(scene)


def test_what_was_refused_is_not_counted() -> None:
    async def scene(made: Cluster) -> None:
        replica = await made.start("a")
        await asyncio.sleep(5)

        async def refused(method: str, path: str) -> None:
            raise ApiError(403, "Forbidden", "not now")

        made.apply(*web_objects(), ingress())
        await asyncio.sleep(5)
        for made.api.before in (refused, at_once):
            replica.controller.apply([Deleted(service("web").key)])
            await asyncio.sleep(5)
            replica.controller.apply([Added(service("web"))])
            await asyncio.sleep(5)
        assert made.told() == [("Normal", "Synced", 1), MISSING]

    in_cluster(scene)


def test_while_the_api_is_in_trouble_events_wait() -> None:
    async def scene(made: Cluster) -> None:
        async def trouble(method: str, path: str) -> None:
            if "/events" in path:
                raise ApiUnreachable("timed out")

        made.api.before = trouble
        replica = await made.start("a")
        await asyncio.sleep(5)
        made.apply(ingress())
        await asyncio.sleep(600)
        assert 5 < replica.companions.failures["Events"] < 40
        made.api.before = at_once
        await asyncio.sleep(125)
        assert set(made.told()) == {MISSING, ("Normal", "Synced", 1)}

    in_cluster(scene)


def test_a_namespace_that_ends_takes_no_events_and_nobody_insists(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene(made: Cluster) -> None:
        async def terminating(method: str, path: str) -> None:
            if "/events" in path:
                raise ApiError(403, "Forbidden", "namespace is being terminated")

        made.api.before = terminating
        replica = await made.start("a")
        await asyncio.sleep(5)
        made.apply(ingress())
        await asyncio.sleep(600)
        assert replica.companions.failures["Events"] == 2

    in_cluster(scene)
    assert len([each for each in caplog.records if each.levelname == "WARNING"]) == 1


def test_a_bug_in_a_writer_costs_nobody_else_anything(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(made: Cluster) -> None:
        replica = await made.start("a", publish_status_address=("192.0.2.1",))

        def broken(key: object) -> object:
            raise RuntimeError("a bug")

        monkeypatch.setattr(replica.controller, "findings_of", broken)
        await asyncio.sleep(5)
        made.apply(ingress())
        await asyncio.sleep(30)
        assert made.addresses("web") == ["192.0.2.1"]
        assert replica.controller.findings_of is broken
        assert replica.controller.table.hosts
        assert replica.is_leader
        assert replica.controller.ingress(KEY) is not None

    in_cluster(scene)
    assert "Events failed" in caplog.text
