"""Secrets of another type than kubernetes.io/tls, on real sockets: read as long as one is named."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import msgspec
import pytest
from support.api_server import ApiDouble, Hang, Refusal, Reset
from support.watching import FAST, Heard, hearing, listening, shop

from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import Secret
from ingressd.sources.events import Added, Deleted, Modified
from ingressd.sources.kubernetes import named_secrets, secret_reading
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.fairness import Pace
from ingressd.sources.kubernetes.kinds import Scope
from ingressd.sources.kubernetes.source import KubernetesSource, load

CERT = ObjectKey("Secret", "default", "cert")
TLS = "kubernetes.io/tls"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_secrets, "LINGER", 0.05)


@pytest.fixture
async def heard(double: ApiDouble, api: ApiServer) -> AsyncIterator[Heard]:
    """A source in sync with a cluster where an Ingress names a Secret that is Opaque."""
    secret(double, "cert")
    secret(double, "private")
    names(double, "cert")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        await double.watched("secrets", 2)
        yield heard


def secret(double: ApiDouble, name: str, type_: str = "Opaque", value: str = "") -> None:
    double.put("secrets", name, type=type_, data={"tls.crt": value})


def names(double: ApiDouble, *secrets: str, ingress: str = "web") -> None:
    tls = [{"secretName": name} for name in secrets]
    double.put("ingresses", ingress, spec={"tls": tls})


def is_ours(ingress: Ingress, classes: Mapping[str, IngressClass]) -> bool:
    found = classes.get(ingress.spec.ingress_class_name or "")
    return found is not None and found.spec.controller == "ours"


def put_classes(double: ApiDouble, controller_of_a: str, controller_of_b: str) -> None:
    double.put("ingressclasses", "a", spec={"controller": controller_of_a})
    double.put("ingressclasses", "b", spec={"controller": controller_of_b})


def classed(double: ApiDouble, name: str, *secrets: str) -> None:
    """An Ingress of the class with its name."""
    tls = [{"secretName": each} for each in secrets]
    double.put("ingresses", name, spec={"ingressClassName": name, "tls": tls})


def selectors(double: ApiDouble) -> set[str]:
    return {query.get("fieldSelector", "") for query in double.queries["list", "secrets"]}


def watched_names(double: ApiDouble) -> set[str]:
    queries = double.queries["watch", "secrets"]
    return {query["fieldSelector"].partition(",")[0] for query in queries}


def secret_value(heard: Heard) -> bytes:
    """What is in the Secret ``cert`` now."""
    found = heard.objects.get(CERT)
    return (found.value("tls.crt") or b"") if isinstance(found, Secret) else b""


def codes(heard: Heard) -> list[str]:
    return sorted(finding.code for finding in heard.findings)


def changes(heard: Heard) -> list[tuple[str, str]]:
    """What became of Secrets after ``Synced``, with the type they have."""
    told = []
    for event in heard.changes:
        match event:
            case Added(Secret() as found) | Modified(Secret() as found):
                told.append((type(event).__name__, found.type))
            case Deleted(key) if key.kind == "Secret":
                told.append(("Deleted", key.name))
    return told


async def test_what_an_ingress_names_is_there_when_in_sync(double: ApiDouble, heard: Heard) -> None:
    assert heard.names == {"web", "cert"}
    assert heard.changes == []
    assert selectors(double) == {f"type={TLS}", f"metadata.name=cert,type!={TLS}"}
    assert heard.findings == []


async def test_a_one_shot_load_has_it(double: ApiDouble, api: ApiServer) -> None:
    secret(double, "cert")
    names(double, "cert")
    events = await load(KubernetesSource(api, timing=FAST))
    assert CERT in {event.resource.key for event in events if isinstance(event, Added)}


async def test_it_is_followed(double: ApiDouble, heard: Heard) -> None:
    secret(double, "cert", value="bmV3")
    await heard.until(lambda: len(heard.changes) == 1)
    found = heard.objects[CERT]
    assert isinstance(found, Secret)
    assert found.value("tls.crt") == b"new"
    double.delete("secrets", "cert")
    await heard.until(lambda: CERT not in heard.objects)
    secret(double, "cert")
    await heard.until(lambda: CERT in heard.objects)
    assert changes(heard) == [("Modified", "Opaque"), ("Deleted", "cert"), ("Added", "Opaque")]


async def test_it_may_come_after_the_ingress(double: ApiDouble, heard: Heard) -> None:
    names(double, "late", ingress="other")
    await double.watched("secrets", 3)
    secret(double, "late")
    await heard.until(lambda: "late" in heard.names)
    assert "private" not in heard.names


async def test_it_is_let_go_when_no_ingress_names_it_any_more(
    double: ApiDouble, heard: Heard
) -> None:
    names(double, "cert", ingress="other")
    await heard.until(lambda: "other" in heard.names)
    names(double)
    double.delete("ingresses", "other")
    await heard.until(lambda: CERT not in heard.objects)
    await double.watched_by("secrets", 1)
    assert changes(heard) == [("Deleted", "cert")]
    assert heard.stale("Secret") == 0.0


async def test_one_of_the_usual_type_is_told_once_and_watched_with_all_of_them(
    double: ApiDouble, api: ApiServer
) -> None:
    secret(double, "cert", TLS)
    names(double, "cert")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        told = [each for batch in heard.batches for each in batch if isinstance(each, Added)]
        assert [each.resource.key.name for each in told].count("cert") == 1
    assert selectors(double) == {f"type={TLS}"}


async def test_one_made_anew_with_another_type_stays_one(double: ApiDouble, heard: Heard) -> None:
    double.delete("secrets", "cert")
    secret(double, "cert", TLS)
    await heard.until(lambda: ("Added", TLS) in changes(heard))
    assert changes(heard) == [("Deleted", "cert"), ("Added", TLS)]
    await double.watched_by("secrets", 1)
    double.delete("secrets", "cert")
    secret(double, "cert")
    await heard.until(lambda: ("Added", "Opaque") in changes(heard))
    assert changes(heard)[2:] == [("Deleted", "cert"), ("Added", "Opaque")]


async def test_a_name_that_is_none_becomes_no_selector(double: ApiDouble, api: ApiServer) -> None:
    names(double, "other/cert", "cert,type!=x", "", "a b")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
    assert selectors(double) == {f"type={TLS}"}


@pytest.mark.parametrize("namespace", ["", "default", "elsewhere"])
async def test_the_default_certificate_may_be_of_any_type(
    double: ApiDouble, api: ApiServer, namespace: str
) -> None:
    secret(double, "cert")
    async with listening(api, Scope(namespace, default_ssl_certificate="default/cert")) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"cert"}


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
    async with listening(api, Scope(needs_secrets=False)) as heard:
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
    async with listening(api, Scope(needs_secrets=False)) as heard:
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


async def test_ingresses_of_another_class_name_nothing(double: ApiDouble, api: ApiServer) -> None:
    for name in ("cert", "private"):
        secret(double, name)
        spec = {"ingressClassName": f"for-{name}", "tls": [{"secretName": name}]}
        double.put("ingresses", f"needs-{name}", spec=spec)
    double.put("ingressclasses", "for-cert", spec={"controller": "ours"})
    double.put("ingressclasses", "for-private", spec={"controller": "theirs"})
    async with listening(api, Scope(is_served=is_ours)) as heard:
        await heard.until(lambda: heard.synced)
        assert selectors(double) == {f"type={TLS}", f"metadata.name=cert,type!={TLS}"}
        double.delete("ingressclasses", "for-cert")
        await heard.until(lambda: "cert" not in heard.names)
        double.put("ingressclasses", "for-private", spec={"controller": "ours"})
        await heard.until(lambda: "private" in heard.names)
        assert "cert" not in heard.names


async def test_one_that_is_named_elsewhere_in_the_next_line_is_not_taken_away(
    double: ApiDouble, heard: Heard
) -> None:
    names(double)
    names(double, "cert", ingress="other")
    await heard.until(lambda: "other" in heard.names)
    secret(double, "cert", value="bmV3")
    await heard.until(lambda: bool(secret_value(heard)))
    assert changes(heard) == [("Modified", "Opaque")]


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
    double: ApiDouble, api: ApiServer, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_reading, "LONGEST_HOLD", 0.0)
    double.fail_always("list", "ingresses", Refusal(503))
    async with hearing(heard.source.renewed()) as second:
        await double.watched("secrets", 3)
        double.fail_always("list", "secrets", Refusal(500))
        before = double.requests["list", "secrets"]
        double.fail_always("list", "ingresses", None)
        await double.until(lambda: double.requests["list", "secrets"] > before + 6)
        assert not second.synced
        double.fail_always("list", "secrets", None)
        await second.until(lambda: second.synced)
        assert "cert" in second.names


@pytest.mark.parametrize("plural", ["ingresses", "ingressclasses"])
async def test_one_that_others_name_after_an_outage_is_not_taken_away_meanwhile(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch, plural: str
) -> None:
    """In the one list there is first who names it no longer, then who does."""
    monkeypatch.setattr(named_secrets, "LINGER", 0.0)
    secret(double, "cert")
    put_classes(double, "ours", "theirs")
    classed(double, "a", "cert")
    classed(double, "b", *(["cert"] if plural == "ingressclasses" else []))
    async with listening(api, Scope(is_served=is_ours)) as heard:
        await heard.until(lambda: heard.synced)
        await double.watched("secrets", 2)
        double.fail_always("watch", plural, Reset())
        double.reset(plural)
        await double.watched_by(plural, 0)
        if plural == "ingressclasses":
            put_classes(double, "theirs", "ours")
        else:
            put_classes(double, "ours", "ours")
            classed(double, "a")
            classed(double, "b", "cert")
        double.compact()
        double.fail_always("watch", plural, None)
        await double.watched_by(plural, 1)
        secret(double, "cert", value="bmV3")
        await heard.until(lambda: bool(secret_value(heard)))
        assert changes(heard) == [("Modified", "Opaque")]
