"""What ``kubectl describe ingress`` shows below ``Events``, in simulated time."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime

from msgspec import structs
from support.objects import endpoint_slice, service
from support.replicas import Cluster, in_cluster, ingress, web_objects, with_status

from ingressd.resources.ingress import Ingress
from ingressd.sources.events import Added, Deleted

EVENT_NAME = re.compile(r"web\.[0-9a-f]{16}")


def created_now(made: Ingress) -> Ingress:
    created = f"{datetime.now(UTC):%FT%TZ}"
    return structs.replace(
        made, metadata=structs.replace(made.metadata, creation_timestamp=created)
    )


def test_a_finding_is_an_event_as_kubectl_describe_shows_it() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress())
        await made.start("a")
        await asyncio.sleep(5)
        (event,) = (each for each in made.events() if each["type"] == "Warning")
        assert EVENT_NAME.fullmatch(event["metadata"]["name"])
        assert event["metadata"]["namespace"] == "default"
        assert event["involvedObject"] == {
            "kind": "Ingress",
            "apiVersion": "networking.k8s.io/v1",
            "namespace": "default",
            "name": "web",
            "uid": "uid-web",
            "resourceVersion": "1",
        }
        assert (event["reason"], event["count"]) == ("ServiceMissing", 1)
        assert event["message"].startswith(
            "spec.rules[0].http.paths[0].backend: Service default/web does not exist"
        )
        assert event["message"].endswith("; create it")
        assert event["source"] == {"component": "ingressd"}
        assert (event["reportingComponent"], event["reportingInstance"]) == ("ingressd", "a")
        assert re.fullmatch(r"[-\d]{10}T[:\d]{8}Z", event["firstTimestamp"])

    in_cluster(scene)


def test_an_ingress_that_is_served_is_said_to_be_live() -> None:
    async def scene(made: Cluster) -> None:
        await made.start("a")
        await asyncio.sleep(5)
        made.apply(*web_objects(), ingress("web", "a.test", "b.test"))
        await asyncio.sleep(5)
        assert made.told() == [("Normal", "Synced", 1)]
        assert made.events()[0]["message"] == "is live: 2 routes on a.test, b.test"

    in_cluster(scene)


def test_live_means_that_every_worker_serves_it() -> None:
    async def scene(made: Cluster) -> None:
        replica = await made.start("a")
        await asyncio.sleep(5)
        replica.served = lambda: 0
        made.apply(*web_objects(), ingress())
        await asyncio.sleep(30)
        assert made.told() == []
        replica.served = lambda: replica.controller.generation
        await asyncio.sleep(1)
        assert made.told() == [("Normal", "Synced", 1)]

    in_cluster(scene)


def test_an_edit_is_announced_and_what_served_before_us_is_not() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(*web_objects(), with_status(ingress(), "192.0.2.1"))
        await made.start("a")
        await asyncio.sleep(60)
        assert made.told() == []
        made.apply(ingress("web", "b.test", generation=2))
        await asyncio.sleep(5)
        assert [each["message"] for each in made.events()] == ["is live: 1 route on b.test"]

    in_cluster(scene)


def test_a_rollout_announces_nothing_again_where_no_address_is_published() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(*web_objects(), ingress())
        await made.start("a")
        await asyncio.sleep(60)
        assert made.told() == []

    in_cluster(scene)


def test_what_was_made_just_before_we_started_is_announced_by_one_event() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(*web_objects(), created_now(ingress()))
        first = await made.start("a")
        await asyncio.sleep(5)
        assert made.told() == [("Normal", "Synced", 1)]
        await first.kill()
        await made.start("b")
        await asyncio.sleep(60)
        assert made.leaders() == ["b"]
        assert made.told() == [("Normal", "Synced", 1)]

    in_cluster(scene)


def test_where_addresses_are_published_what_has_none_is_new_however_old() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(*web_objects(), ingress())
        await made.start("a", publish_status_address=("192.0.2.1",))
        await asyncio.sleep(5)
        assert made.told() == [("Normal", "Synced", 1)]

    in_cluster(scene)


def test_an_ingress_of_another_class_is_never_spoken_of() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress(of_class="ingressd"))
        await made.start("a")
        await asyncio.sleep(5)
        made.apply(ingress("other", of_class="nginx"))
        await asyncio.sleep(5)
        assert {reason for _, reason, _ in made.told("other")} <= {"IngressClassMissing"}

    in_cluster(scene)


def test_a_problem_that_is_over_within_a_moment_is_not_worth_an_event() -> None:
    async def scene(made: Cluster) -> None:
        await made.start("a")
        await asyncio.sleep(5)
        made.apply(ingress())
        await asyncio.sleep(0.5)
        made.apply(*web_objects())
        await asyncio.sleep(5)
        assert made.told() == [("Normal", "Synced", 1)]

    in_cluster(scene)


def test_a_problem_that_comes_back_is_counted() -> None:
    async def scene(made: Cluster) -> None:
        pods = endpoint_slice("web", "10.0.0.1")
        made.apply(service("web"), pods, with_status(ingress(), "192.0.2.1"))
        replica = await made.start("a")
        await asyncio.sleep(5)
        for _ in range(3):
            replica.controller.apply([Deleted(pods.key)])
            await asyncio.sleep(5)
            replica.controller.apply([Added(pods)])
            await asyncio.sleep(5)
        assert made.told() == [("Warning", "ServiceWithoutEndpoints", 3)]

    in_cluster(scene)


def test_what_lasts_is_told_again_before_the_api_server_forgets_it() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress(), "192.0.2.1"))
        await made.start("a")
        await asyncio.sleep(3500)
        assert made.told() == [("Warning", "ServiceMissing", 2)]
        for event_path in [each for each in made.api.objects if "/events/" in each]:
            made.api.remove(event_path)
        await asyncio.sleep(3600)
        assert [each[:2] for each in made.told()] == [("Warning", "ServiceMissing")]

    in_cluster(scene)


def annotated(annotations: dict[str, str]) -> Ingress:
    made = ingress()
    metadata = structs.replace(made.metadata, annotations=annotations)
    return structs.replace(made, metadata=metadata)


def test_a_message_is_no_longer_than_an_event_may_be() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(annotated({"nginx.ingress.kubernetes.io/rewrite-target": "/$9" + "x" * 5000}))
        await made.start("a")
        await asyncio.sleep(5)
        assert made.events()
        assert all(len(each["message"]) <= 1024 for each in made.events())

    in_cluster(scene)
