"""How Secrets are read by name, on real sockets: with few watches, fairly, and in spite of refusals
and outages.
"""

from __future__ import annotations

import msgspec
import pytest
from support.api_server import ApiDouble, Hang, Refusal, Reset
from support.named_secrets import changes, names, secret
from support.watching import FAST, Heard, hearing, listening, shop

from ingressd.sources.kubernetes import named_secrets, secret_reading
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.fairness import Pace
from ingressd.sources.kubernetes.kinds import Scope


def codes(heard: Heard) -> list[str]:
    return sorted(finding.code for finding in heard.findings)


def watched_names(double: ApiDouble) -> set[str]:
    queries = double.queries["watch", "secrets"]
    return {query["fieldSelector"].partition(",")[0] for query in queries}


async def test_what_has_no_watch_is_read_in_turn_and_that_is_told(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "MOST_WATCHES", 2)
    monkeypatch.setattr(secret_reading, "IN_TURN", Pace(0.01, 100))
    secret(double, "c")
    names(double, "a", "b", "c", "d")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "c"}
        assert codes(heard) == ["SecretReadInTurn"] * 2
        assert heard.findings[0].subject.name == "web"
        assert heard.findings[0].message.startswith("Secret default/c is read only every 30 s")
        secret(double, "d")
        await heard.until(lambda: "d" in heard.names)
        double.delete("secrets", "c")
        await heard.until(lambda: "c" not in heard.names)
        await double.watched_by("secrets", 3)


async def test_what_is_read_in_turn_is_watched_once_there_is_room(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "MOST_WATCHES", 1)
    monkeypatch.setattr(secret_reading, "IN_TURN", Pace(0.01, 100))
    monkeypatch.setattr(named_secrets, "LINGER", 0.05)
    for name in "ab":
        secret(double, name)
        names(double, name, ingress=f"needs-{name}")
    async with listening(api) as heard:
        await heard.until(lambda: heard.codes == {"SecretReadInTurn"})
        names(double, ingress="needs-a")
        await heard.until(lambda: not heard.findings)
        secret(double, "b", value="bmV3")
        await heard.until(lambda: ("Modified", "Opaque") in changes(heard))
        assert changes(heard) == [("Deleted", "a"), ("Modified", "Opaque")]


async def test_one_namespace_cannot_have_every_watch(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "MOST_WATCHES", 3)
    for name in "abc":
        secret(double, name)
    names(double, "a", "b", "c")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        double.put("ingresses", "other", "shop", spec={"tls": [{"secretName": "mine"}]})
        await double.until(lambda: "metadata.name=mine" in watched_names(double))
        double.put("secrets", "mine", "shop", type="Opaque")
        await heard.until(lambda: "mine" in heard.names)
        (finding,) = heard.findings
        assert "Secret default/c is read only every 30 s or less often" in finding.message
        assert heard.names == {"a", "b", "c", "mine", "web", "other"}
        assert ("Deleted", "c") not in changes(heard)


async def test_many_names_of_one_namespace_do_not_come_before_one_of_another(
    double: ApiDouble, api: ApiServer
) -> None:
    names(double, *(f"new-{number:03}" for number in range(50)))
    double.put("ingresses", "other", "shop", spec={"tls": [{"secretName": "mine"}]})
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
    asked = [query["fieldSelector"] for query in double.queries["list", "secrets"]]
    assert asked.index("metadata.name=mine,type!=kubernetes.io/tls") <= 2  # after the type itself


async def test_many_new_names_do_not_come_before_those_that_are_read_in_turn(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "MOST_WATCHES", 0)
    monkeypatch.setattr(secret_reading, "IN_TURN", Pace(0.01, 100))
    names(double, "cert")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        names(double, *(f"new-{number}" for number in range(2_000)), ingress="other")
        secret(double, "cert")
        await heard.until(lambda: "cert" in heard.names)
    assert len(double.queries["list", "secrets"]) < 2_000


async def test_where_secrets_are_forbidden_each_ingress_is_told_why(
    double: ApiDouble, api: ApiServer
) -> None:
    names(double, "a", "b")
    names(double, "a", ingress="other")
    shop(double, "shop")
    double.fail_always("list", "secrets", Refusal(403))
    async with listening(api, Scope(serves=False)) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "other", "shop"}
        assert codes(heard).count("ApiForbidden") == 1
        told = [finding for finding in heard.findings if finding.code == "SecretForbidden"]
        assert sorted(finding.subject.name for finding in told) == ["other", "web", "web"]
        assert "does not let us read Secret default/a (403 Forbidden: no)" in told[0].message
        names(double)
        await heard.until(lambda: codes(heard).count("SecretForbidden") == 1)
        names(double, ingress="other")
        await heard.until(lambda: codes(heard) == ["ApiForbidden"])


async def test_what_was_forbidden_is_read_once_it_is_granted(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "PROBED", Pace(0.01, 1))
    secret(double, "cert")
    names(double, "cert")
    double.fail_always("list", "secrets", Refusal(403))
    async with listening(api, Scope(serves=False)) as heard:
        await heard.until(lambda: heard.synced)
        double.fail_always("list", "secrets", None)
        await heard.until(lambda: "cert" in heard.names and not heard.findings)


async def test_a_reading_that_hangs_does_not_hold_up_the_rest_for_long(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "LONGEST_HOLD", 0.01)
    names(double, "cert")
    double.fail_always("list", "ingresses", Refusal(503))
    async with listening(api) as heard:
        await double.watched("secrets")
        double.fail_always("list", "secrets", Hang())
        double.fail_always("list", "ingresses", None)
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web"}


async def test_a_reading_that_fails_is_tried_again_before_all_is_in_sync(
    double: ApiDouble, api: ApiServer
) -> None:
    secret(double, "cert")
    names(double, "cert")
    double.fail_always("list", "ingresses", Refusal(503))
    async with listening(api) as heard:
        await double.watched("secrets")
        double.fail("list", "secrets", Reset(), Refusal(429))
        double.fail_always("list", "ingresses", None)
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "cert"}
        await heard.until(lambda: not heard.findings)


async def test_a_server_that_has_just_started_is_not_believed_at_once(
    double: ApiDouble, api: ApiServer
) -> None:
    secret(double, "cert")
    names(double, "cert")
    double.fail_always("list", "ingresses", Refusal(503))
    async with listening(api, timing=msgspec.structs.replace(FAST, patience=5.0)) as heard:
        await double.watched("secrets")
        double.fail("list", "secrets", Refusal(403), Refusal(500))
        double.fail_always("list", "ingresses", None)
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "cert"}


async def test_a_source_in_the_place_of_another_reads_all_that_one_had_read(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "LONGEST_HOLD", 0.0)
    secret(double, "cert")
    names(double, "cert")
    async with listening(api) as first:
        await first.until(lambda: first.synced)
        await double.watched("secrets", 2)
        double.fail_always("list", "ingresses", Refusal(503))
        async with hearing(first.source.renewed()) as second:
            await double.watched("secrets", 3)
            double.fail_always("list", "secrets", Refusal(500))
            before = double.requests["list", "secrets"]
            double.fail_always("list", "ingresses", None)
            await double.until(lambda: double.requests["list", "secrets"] > before + 6)
            assert not second.synced
            double.fail_always("list", "secrets", None)
            await second.until(lambda: second.synced)
            assert "cert" in second.names
