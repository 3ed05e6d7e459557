"""Secrets of another type than kubernetes.io/tls, and ConfigMaps, on real sockets: each is read as
long as it is named.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest
from support.api_server import ApiDouble, Refusal, Reset
from support.named_secrets import changes, names, secret
from support.watching import FAST, Heard, listening

from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.sources.events import Added
from ingressd.sources.kubernetes import named_secrets
from ingressd.sources.kubernetes.api import ApiServer
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


def secret_value(heard: Heard) -> bytes:
    """What is in the Secret ``cert`` now."""
    found = heard.objects.get(CERT)
    return (found.value("tls.crt") or b"") if isinstance(found, Secret) else b""


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


HEADERS = ObjectKey("ConfigMap", "default", "headers")


def named_in_labels(ingress: Ingress) -> frozenset[ObjectKey]:
    """Stands for what annotations name: ``kind/name`` in those of tests."""
    names = (text.split("/") for text in ingress.metadata.annotations.values())
    return frozenset(ObjectKey(kind, "default", name) for kind, name in names)


def annotated(double: ApiDouble, *named: str) -> None:
    annotations = {f"example.com/{place}": text for place, text in enumerate(named)}
    double.put("ingresses", "web", metadata={"annotations": annotations})


async def test_a_configmap_that_an_annotation_names_is_read_as_long_as_it_is_named(
    double: ApiDouble, api: ApiServer
) -> None:
    for name in ("headers", "private"):
        double.put("configmaps", name, data={"X-Frame-Options": "DENY"})
    secret(double, "users")
    annotated(double, "ConfigMap/headers", "Secret/users")
    async with listening(api, Scope(names=named_in_labels)) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "headers", "users"}
        double.put("configmaps", "headers", data={"X-Frame-Options": "SAMEORIGIN"})
        await heard.until(lambda: len(heard.changes) == 1)
        found = heard.objects[HEADERS]
        assert isinstance(found, ConfigMap)
        assert found.data == {"X-Frame-Options": "SAMEORIGIN"}
        annotated(double, "Secret/users")
        await heard.until(lambda: HEADERS not in heard.objects)
        assert "users" in heard.names


async def test_a_configmap_that_may_not_be_read_is_told_to_who_names_it(
    double: ApiDouble, api: ApiServer
) -> None:
    double.fail_always("list", "configmaps", Refusal(403))
    annotated(double, "ConfigMap/headers")
    async with listening(api, Scope(names=named_in_labels)) as heard:
        await heard.until(lambda: heard.synced and heard.codes == {"ConfigMapForbidden"})
        (finding,) = heard.findings
        assert (finding.subject.name, finding.field) == ("web", "metadata.annotations")


async def test_the_configmap_of_the_flag_is_not_read_twice(
    double: ApiDouble, api: ApiServer
) -> None:
    double.put("configmaps", "headers", data={})
    annotated(double, "ConfigMap/headers")
    scope = Scope(configmap="default/headers", names=named_in_labels)
    async with listening(api, scope) as heard:
        await heard.until(lambda: heard.synced)
    assert len(double.queries["list", "configmaps"]) == 1
