"""What may not be read, or does not exist: what is done without it, and what waits for it."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs
from support.api_server import ApiDouble, Refusal
from support.watching import FAST, hearing, listening, shop

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import Added
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.errors import Unreadable
from ingressd.sources.kubernetes.kinds import Scope
from ingressd.sources.kubernetes.source import KubernetesSource, load

ENOUGH = 6
"""Refusals after which a kind that can be done without would count as empty."""


@pytest.mark.parametrize(("status", "code"), [(403, "ApiForbidden"), (404, "ApiMissing")])
async def test_a_kind_that_is_refused_is_done_without(
    double: ApiDouble, api: ApiServer, status: int, code: str
) -> None:
    shop(double, "a")
    double.fail_always("list", "ingressclasses", Refusal(status))
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"a"}
        (finding,) = heard.findings
        assert finding.code == code
        path = "/apis/networking.k8s.io/v1/ingressclasses"
        assert f"ingressclasses.networking.k8s.io ({path})" in finding.message
        double.put("ingressclasses", "ours")
        double.fail_always("list", "ingressclasses", None)
        await heard.until(lambda: "ours" in heard.names and heard.findings == [])


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize(
    "plural", ["ingresses", "services", "secrets", "endpointslices", "configmaps"]
)
async def test_without_a_kind_that_all_depends_on_nothing_is_in_sync(
    double: ApiDouble, api: ApiServer, plural: str, status: int
) -> None:
    double.fail_always("list", plural, Refusal(status))
    async with listening(api, Scope(configmap="default/settings")) as heard:
        await double.until(lambda: double.requests["list", plural] > ENOUGH)
        assert not heard.synced
        (finding,) = heard.findings
        assert heard.obstacles == [finding.message]
        assert "a replica that has not read any is not ready" in finding.message
        double.fail_always("list", plural, None)
        await heard.until(lambda: heard.synced and heard.findings == [])
        assert heard.obstacles == []


async def test_a_one_shot_load_says_what_it_may_not_read(double: ApiDouble, api: ApiServer) -> None:
    double.fail_always("list", "services", Refusal(403))
    with pytest.raises(Unreadable, match="forbids to list services"):
        await load(KubernetesSource(api, timing=FAST))


async def test_who_serves_nothing_can_do_without_secrets_and_settings(
    double: ApiDouble, api: ApiServer
) -> None:
    shop(double, "a")
    double.fail_always("list", "secrets", Refusal(403))
    double.fail_always("list", "configmaps", Refusal(403))
    scope = Scope(configmap="default/settings", serves=False)
    events = await load(KubernetesSource(api, scope, timing=FAST))
    added = [event.resource.metadata.name for event in events if isinstance(event, Added)]
    assert added == ["a"]


async def test_in_one_namespace_the_classes_of_the_cluster_need_not_be_readable(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("list", "ingressclasses", Refusal(403))
    async with listening(api, Scope("default")) as heard:
        await heard.until(lambda: heard.synced and heard.codes == {"ApiForbidden"})
        assert heard.obstacles == []


async def test_a_server_that_has_just_started_is_not_believed_at_once(
    double: ApiDouble, api: ApiServer
) -> None:
    """Nor is it once other failures come between its refusals."""
    now = [1000.0]
    timing = structs.replace(FAST, patience=10.0)

    async def asked_again(times: int) -> None:
        before = double.requests["list", "ingressclasses"]
        await double.until(lambda: double.requests["list", "ingressclasses"] >= before + times)

    double.fail_always("list", "ingressclasses", Refusal(403))
    async with listening(api, timing=timing, clock=lambda: now[0]) as heard:
        await asked_again(ENOUGH)
        now[0] += 9.0
        double.fail("list", "ingressclasses", Refusal(500))
        await asked_again(ENOUGH)
        now[0] += 9.0
        await asked_again(ENOUGH)
        assert not heard.synced
        now[0] += 1.0
        await heard.until(lambda: heard.synced)


async def test_a_kind_that_can_be_done_without_is_asked_for_when_patience_ends(
    double: ApiDouble, api: ApiServer
) -> None:
    """Not after a pause that has grown long."""
    slow = structs.replace(FAST, first_pause=600.0, longest_pause=600.0, patience=0.05)
    double.fail_always("list", "ingressclasses", Refusal(403))
    async with asyncio.timeout(5.0), listening(api, timing=slow) as heard:
        await heard.until(lambda: heard.synced)


async def test_a_source_in_the_place_of_another_takes_nothing_away_by_being_refused(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("list", "configmaps", Refusal(403))
    double.put("ingressclasses", "ours")
    scope = Scope(configmap="default/settings", serves=False)
    async with listening(api, scope) as first:
        await first.until(lambda: first.synced and "ours" in first.names)
    double.fail_always("list", "ingressclasses", Refusal(403))
    before = double.requests["list", "ingressclasses"]
    async with hearing(first.source.renewed().renewed()) as second:
        await double.until(lambda: double.requests["list", "ingressclasses"] > before + ENOUGH)
        assert not second.synced
        double.fail_always("list", "ingressclasses", None)
        await second.until(lambda: second.synced)
        assert "ours" in second.names


async def test_where_watching_is_forbidden_lists_have_to_do(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("watch", "ingresses", Refusal(403))
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced and heard.codes == {"ApiForbidden"})
        assert "forbids to watch ingresses.networking.k8s.io" in heard.findings[0].message
        shop(double, "a")
        await heard.until(lambda: "a" in heard.names)


async def test_a_server_that_fails_to_say_what_it_has_is_reported(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("discover", "", Refusal(503))
    async with listening(api) as heard:
        await heard.until(lambda: heard.codes == {"ApiUnreachable"})
        assert "EndpointSlice" in heard.findings[0].message
        assert not heard.synced
        double.fail_always("discover", "", None)
        await heard.until(lambda: heard.synced and heard.findings == [])


async def test_where_discovery_is_forbidden_a_list_tells_what_an_older_server_has(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("discover", "", Refusal(403))
    double.fail("list", "endpointslices", *[Refusal(403)] * 3)
    double.fail_always("list", "endpointslices", Refusal(404))
    double.put("endpoints", "web", subsets=[])
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced and heard.findings == [])
        assert set(heard.objects) == {ObjectKey("Endpoints", "default", "web")}
        assert "EndpointSlice" not in {state.kind for state in heard.source.states}
