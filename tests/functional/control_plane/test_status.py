"""What ``kubectl get ingress`` shows as ADDRESS, in simulated time."""

from __future__ import annotations

import asyncio

import pytest
from support.object_store_api import at_once, unreachable
from support.replicas import Cluster, in_cluster, ingress, load_balancer, with_status

from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable

HERE = {"publish_status_address": ("192.0.2.1", "lb.example.com")}
SHOWN = ["lb.example.com", "192.0.2.1"]
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"


def test_the_leader_writes_the_addresses_and_then_is_silent() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), ingress("other", of_class="nginx"))
        await made.start("a", **HERE)
        await made.start("b", **HERE)
        await asyncio.sleep(600)
        assert made.addresses("web") == SHOWN
        assert made.addresses("other") == []
        assert len(made.api.sent("PATCH", "/status")) == 1

    in_cluster(scene)


def test_an_ingress_gets_its_address_within_a_moment() -> None:
    async def scene(made: Cluster) -> None:
        await made.start("a", **HERE)
        await asyncio.sleep(10)
        made.apply(ingress("late"))
        await asyncio.sleep(0.3)
        assert made.addresses("late") == SHOWN

    in_cluster(scene)


def test_it_is_taken_back_when_the_ingress_leaves_our_class() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        await made.start("a", **HERE)
        await asyncio.sleep(5)
        kept = with_status(ingress("web", of_class="nginx"), "192.0.2.1")
        lost = made.api.objects[f"{INGRESSES}/web"]
        made.api.put(f"{INGRESSES}/web", {**lost, "spec": {"ingressClassName": "nginx"}})
        await asyncio.sleep(5)
        assert made.addresses("web") == []
        made.apply(kept)  # now another controller at the same address writes its own
        await asyncio.sleep(600)
        assert made.addresses("web") == ["192.0.2.1"]

    in_cluster(scene)


def test_it_is_taken_back_though_nobody_saw_the_ingress_leave() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), ingress("stays"))
        first = await made.start("a", **HERE)
        await asyncio.sleep(5)
        await first.kill()
        made.replicas.clear()
        left = made.api.objects[f"{INGRESSES}/web"]
        made.api.put(f"{INGRESSES}/web", {**left, "spec": {"ingressClassName": "nginx"}})
        await made.start("b", **HERE)
        await asyncio.sleep(20)
        assert made.addresses("web") == []
        assert made.addresses("stays") == SHOWN

    in_cluster(scene)


def test_who_wrote_a_status_is_asked_once_in_a_term_and_again_after_a_failure() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress("theirs", of_class="nginx"), "192.0.2.1"), ingress("web"))
        failures = iter([ApiUnreachable("reset")])

        async def fail(method: str, path: str) -> None:
            if path == INGRESSES and (error := next(failures, None)) is not None:
                raise error

        made.api.before = fail
        leader = await made.start("a", publish_status_address=("192.0.2.1",))
        await asyncio.sleep(600)
        assert len(made.api.sent("GET", INGRESSES)) == 1
        assert leader.companions.failures["statuses of Ingresses that left"] == 1
        assert (made.addresses("theirs"), made.addresses("web")) == (["192.0.2.1"], ["192.0.2.1"])

    in_cluster(scene)


def test_nobody_asks_where_no_other_ingress_shows_our_addresses() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress("theirs", of_class="nginx"), "198.51.100.9"), ingress("web"))
        await made.start("a", **HERE)
        await asyncio.sleep(600)
        assert made.api.sent("GET", INGRESSES) == []

    in_cluster(scene)


def test_who_wrote_a_status_is_asked_again_once_the_addresses_are_others() -> None:
    """The next leader reads the Service while its load balancer is being made anew."""

    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), load_balancer("203.0.113.7"))
        first = await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(5)
        await first.kill()
        made.replicas.clear()
        left = made.api.objects[f"{INGRESSES}/web"]
        made.api.put(f"{INGRESSES}/web", {**left, "spec": {"ingressClassName": "nginx"}})
        made.apply(load_balancer())
        await made.start("b", publish_service="ingress/front")
        await asyncio.sleep(60)
        assert made.addresses("web") == ["203.0.113.7"]
        made.apply(load_balancer("203.0.113.7"))
        await asyncio.sleep(5)
        assert made.addresses("web") == []

    in_cluster(scene)


def test_it_is_taken_back_though_the_addresses_change_as_the_ingress_leaves() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), ingress("stays"), load_balancer("203.0.113.7"))
        await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(20)
        made.apply(load_balancer("203.0.113.8"))
        left = made.api.objects[f"{INGRESSES}/web"]
        made.api.put(f"{INGRESSES}/web", {**left, "spec": {"ingressClassName": "nginx"}})
        await asyncio.sleep(5)
        assert made.addresses("web") == []
        assert made.addresses("stays") == ["203.0.113.8"]

    in_cluster(scene)


def test_what_another_controller_wrote_as_the_ingress_left_is_left_alone() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), load_balancer("203.0.113.7"))
        await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(20)
        made.apply(with_status(ingress("web", of_class="nginx"), "198.51.100.9"))
        await asyncio.sleep(120)
        assert made.addresses("web") == ["198.51.100.9"]

    in_cluster(scene)


def test_what_another_controller_wrote_is_left_alone() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(with_status(ingress("theirs", of_class="nginx"), "192.0.2.1"))
        await made.start("a", publish_status_address=("192.0.2.1",))
        await asyncio.sleep(600)
        assert made.addresses("theirs") == ["192.0.2.1"]
        assert made.api.sent("PATCH", "/status") == []

    in_cluster(scene)


def test_a_status_that_somebody_overwrites_is_written_again() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        await made.start("a", **HERE)
        await asyncio.sleep(5)
        made.apply(with_status(ingress("web"), "198.51.100.9"))
        await asyncio.sleep(1)
        assert made.addresses("web") == SHOWN

    in_cluster(scene)


def test_without_a_flag_nothing_is_written() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        await made.start("a")
        await asyncio.sleep(120)
        assert made.api.sent("PATCH", "/status") == []

    in_cluster(scene)


def test_the_addresses_of_a_service_are_followed() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), load_balancer())
        await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(5)
        assert made.addresses("web") == []
        made.apply(load_balancer("203.0.113.7"))
        await asyncio.sleep(0.5)
        assert made.addresses("web") == ["203.0.113.7"]

    in_cluster(scene)


def test_an_address_that_is_gone_for_a_moment_stays_published() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), load_balancer("203.0.113.7", "203.0.113.8"))
        await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(20)
        made.apply(load_balancer("203.0.113.7"))
        await asyncio.sleep(3)
        made.apply(load_balancer("203.0.113.7", "203.0.113.8"))
        await asyncio.sleep(20)
        assert len(made.api.sent("PATCH", "/status")) == 1
        made.apply(load_balancer("203.0.113.7"))
        await asyncio.sleep(7)
        assert made.addresses("web") == ["203.0.113.7"]

    in_cluster(scene)


def test_a_leader_does_not_go_back_to_what_it_published_in_an_earlier_term() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"), load_balancer("203.0.113.7", "203.0.113.8"))
        a = await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(20)

        made.api.before = unreachable
        await asyncio.sleep(60)
        assert not a.is_leader
        made.api.before = at_once
        made.apply(with_status(ingress("web"), "203.0.113.7"), load_balancer("203.0.113.7"))
        await asyncio.sleep(60)
        assert a.is_leader
        assert len(made.api.sent("PATCH", "/status")) == 1
        assert made.addresses("web") == ["203.0.113.7"]

    in_cluster(scene)


def test_a_service_that_cannot_be_read_changes_nothing() -> None:
    async def scene(made: Cluster) -> None:
        front = load_balancer("203.0.113.7")
        made.apply(ingress("web"), front)
        leader = await made.start("a", publish_service="ingress/front")
        await asyncio.sleep(5)
        made.delete(front)
        await asyncio.sleep(120)
        assert made.addresses("web") == ["203.0.113.7"]
        assert leader.companions.failures["published addresses"] >= 1

    in_cluster(scene)


@pytest.mark.parametrize(
    "fault",
    [
        ApiError(409, "Conflict", "modified"),
        ApiError(429, "TooManyRequests", "slow down", 5.0),
        ApiError(500, "InternalError", "oops"),
        ApiUnreachable("reset"),
    ],
)
def test_a_write_that_fails_is_tried_again(fault: Exception) -> None:
    async def scene(made: Cluster) -> None:
        failures = iter([fault, fault])

        async def fail(method: str, path: str) -> None:
            if path.endswith("/status") and (error := next(failures, None)) is not None:
                raise error

        made.api.before = fail
        made.apply(ingress("web"))
        await made.start("a", **HERE)
        await asyncio.sleep(20)
        assert made.addresses("web") == SHOWN
        assert len(made.api.sent("PATCH", "/status")) == 1

    in_cluster(scene)


def test_being_forbidden_is_quiet_and_heals(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(made: Cluster) -> None:
        async def forbid(method: str, path: str) -> None:
            if path.endswith("/status"):
                raise ApiError(403, "Forbidden", "no")

        made.api.before = forbid
        made.apply(*(ingress(f"web-{n}", f"{n}.test") for n in range(20)))
        leader = await made.start("a", **HERE)
        await asyncio.sleep(200)
        assert 60 <= leader.companions.failures["Ingress status"] <= 100
        made.api.before = at_once
        await asyncio.sleep(61)
        assert made.addresses("web-7") == SHOWN

    in_cluster(scene)
    warnings = [each for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == 1


def test_writing_many_keeps_to_its_rate() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(*(ingress(f"web-{n}", f"{n}.test") for n in range(600)))
        await made.start("a", **HERE)
        await asyncio.sleep(4.5)
        written = len(made.api.sent("PATCH", "/status"))
        assert 200 <= written <= 100 + 50 * 4.5
        await asyncio.sleep(20)
        assert len(made.api.sent("PATCH", "/status")) == 600

    in_cluster(scene)


def test_the_next_leader_changes_nothing_that_is_right() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        first = await made.start("a", **HERE)
        await made.start("b", **HERE)
        await asyncio.sleep(30)
        await first.kill()
        await asyncio.sleep(60)
        assert made.leaders() == ["b"]
        assert len(made.api.sent("PATCH", "/status")) == 1
        made.apply(ingress("more"))
        await asyncio.sleep(1)
        assert made.addresses("more") == SHOWN

    in_cluster(scene)


def test_a_rollout_never_takes_an_address_away() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        running = [await made.start("a0", **HERE), await made.start("b0", **HERE)]
        await asyncio.sleep(30)
        for generation in range(1, 6):
            for name in "ab":
                running.append(await made.start(f"{name}{generation}", **HERE))
                await asyncio.sleep(3)
                await running.pop(0).terminate()
        await asyncio.sleep(60)
        assert len(made.api.sent("PATCH", "/status")) == 1
        assert made.addresses("web") == SHOWN
        assert len(made.leaders()) == 1

    in_cluster(scene)


def test_the_last_one_takes_its_addresses_with_it() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(
            *(ingress(f"web-{n}", f"{n}.test") for n in range(800)),
            with_status(ingress("theirs", of_class="nginx"), "192.0.2.1", "198.51.100.1"),
        )
        a, b = await made.start("a", **HERE), await made.start("b", **HERE)
        await asyncio.sleep(60)
        await asyncio.gather(a.terminate(), b.terminate())
        assert {tuple(made.addresses(f"web-{n}")) for n in range(800)} == {()}
        assert made.addresses("theirs") == ["192.0.2.1", "198.51.100.1"]

    in_cluster(scene)


def test_unless_it_is_told_not_to() -> None:
    async def scene(made: Cluster) -> None:
        made.apply(ingress("web"))
        only = await made.start("a", **HERE, update_status_on_shutdown=False)
        await asyncio.sleep(30)
        await only.terminate()
        assert made.addresses("web") == SHOWN

    in_cluster(scene)
