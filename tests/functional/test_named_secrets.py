"""Secrets of another type than kubernetes.io/tls, on real sockets: read as long as one is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.api_server import ApiDouble, Refusal, write_kubeconfig
from support.watching import FAST, Heard, kubeconfig_api, listening, shop

from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import Secret
from ingressd.sources.events import Added, Deleted, Modified
from ingressd.sources.kubernetes import named_secrets
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.kinds import Scope
from ingressd.sources.kubernetes.source import KubernetesSource, load

CERT = ObjectKey("Secret", "default", "cert")
TLS = "kubernetes.io/tls"


@pytest.fixture
async def double() -> AsyncIterator[ApiDouble]:
    double = ApiDouble()
    async with double.serving():
        yield double


@pytest.fixture
async def api(double: ApiDouble, tmp_path: Path) -> AsyncIterator[ApiServer]:
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        yield api


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


def selectors(double: ApiDouble) -> set[str]:
    return {query.get("fieldSelector", "") for query in double.queries["list", "secrets"]}


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


async def test_there_is_an_end_to_how_many_are_watched(
    double: ApiDouble, api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_secrets, "MOST_WATCHES", 2)
    names(double, "a", "b", "c", "d")
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        (finding,) = heard.findings
        assert finding.code == "TooManySecretsByName"
        assert "Secret default/c and 1 more are not looked for" in finding.message
        names(double, "c", "d")
        secret(double, "d")
        await heard.until(lambda: "d" in heard.names and heard.findings == [])


async def test_where_secrets_are_forbidden_all_of_it_is_told_once(
    double: ApiDouble, api: ApiServer
) -> None:
    names(double, "a", "b")
    shop(double, "shop")
    double.fail_always("list", "secrets", Refusal(403))
    async with listening(api) as heard:
        await heard.until(lambda: heard.synced)
        assert heard.names == {"web", "shop"}
        paths = [finding.message.partition("(")[2].partition(")")[0] for finding in heard.findings]
        assert sorted(paths) == ["/api/v1/namespaces/default/secrets", "/api/v1/secrets"]
        names(double)
        await heard.until(lambda: len(heard.findings) == 1)
