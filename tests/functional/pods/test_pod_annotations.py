"""How pods are reached, as annotations and the ConfigMap say, through the whole program."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from support.annotated import Manifest, configmap, ingress, served, write
from support.certificates import CertificateAuthority, KeyPair
from support.clients import connect, fetch
from support.commands import ingressd
from support.pods import OK, Visit, answering, echo, named, pod
from support.tls_pods import TlsPod

AUTHORITY = CertificateAuthority()
PAIR = AUTHORITY.leaf("pod.internal")
OURS = AUTHORITY.leaf("ingress.internal")


def secret(authority: CertificateAuthority = AUTHORITY, pair: KeyPair | None = OURS) -> Manifest:
    """What ``proxy-ssl-secret`` names."""
    data = {"ca.crt": authority.pem.decode()}
    if pair is not None:
        data |= {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()}
    return {
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pods"}, "stringData": data,
    }  # fmt: skip


HTTPS = {"backend_protocol": "HTTPS"}
VERIFIED = {
    **HTTPS,
    "proxy_ssl_secret": "default/pods",
    "proxy_ssl_verify": "on",
    "proxy_ssl_name": "pod.internal",
}


async def test_pods_are_spoken_to_in_tls_and_believed(tmp_path: Path) -> None:
    tls = TlsPod(AUTHORITY.leaf("anything.test"))
    web = ingress("web", "a.test", **HTTPS)
    async with pod(tls=tls.context) as server, served(tmp_path, server.port, web) as running:
        assert (await fetch(running.http, b"/x")).body == b"/x"
    assert tls.asked == [None]


async def test_every_annotation_about_tls_with_pods_together(tmp_path: Path) -> None:
    tls = TlsPod(PAIR, clients_of=AUTHORITY)
    annotations = {
        **VERIFIED,
        "proxy_ssl_server_name": "on",
        "proxy_ssl_verify_depth": "2",
        "proxy_ssl_ciphers": "HIGH:!aNULL",
        "proxy_ssl_protocols": "TLSv1.2",
    }
    versions: list[str] = []

    async def script(visit: Visit) -> None:
        versions.append(visit.writer.get_extra_info("ssl_object").version())
        await echo(visit)

    async with pod(script, tls=tls.context) as server:
        web = ingress("web", "a.test", **annotations)
        async with served(tmp_path, server.port, web, secret()) as running:
            assert (await fetch(running.http, b"/x")).body == b"/x"
    assert (tls.asked, versions) == (["pod.internal"], ["TLSv1.2"])


async def until_status(port: int, status: int, host: bytes = b"a.test") -> None:
    """The test's own timeout bounds it."""
    seen = 0
    while seen != status:
        seen = (await fetch(port, host=host)).status


async def test_a_secret_that_changes_counts_at_once_and_without_it_nothing_is_served(
    tmp_path: Path,
) -> None:
    web, tls = ingress("web", "a.test", **VERIFIED), TlsPod(PAIR).context
    async with pod(tls=tls) as server, served(tmp_path, server.port, web, secret()) as running:
        assert (await fetch(running.http)).status == 200
        write(tmp_path, web, secret(CertificateAuthority("Somebody else")))
        await until_status(running.http, 502)
        write(tmp_path, web)
        await until_status(running.http, 503)
        write(tmp_path, web, secret())
        await until_status(running.http, 200)


async def test_proxy_ssl_without_its_secret_is_told_of_and_does_nothing(tmp_path: Path) -> None:
    web = ingress("web", "a.test", **HTTPS, proxy_ssl_verify="on", proxy_ssl_name="x.test")
    tls = TlsPod(PAIR).context
    async with pod(tls=tls) as server, served(tmp_path, server.port, web) as running:
        assert (await fetch(running.http)).status == 200
    output = " ".join(ingressd("check", tmp_path).output.split())
    assert output.count("it has no effect without a valid proxy-ssl-secret") == 2


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"ca.crt": AUTHORITY.pem.decode()}, ""),
        ({"tls.crt": "x"}, "has no key tls.key"),
        ({"tls.crt": OURS.chain.decode(), "tls.key": "x"}, "has no key ca.crt"),
        ({}, "has neither tls.crt and tls.key nor ca.crt"),
    ],
)
async def test_what_the_secret_has_to_hold(
    tmp_path: Path, entries: dict[str, str], told: str
) -> None:
    write(tmp_path, ingress("web", "a.test", **VERIFIED), {**secret(), "stringData": entries})
    output = " ".join(ingressd("check", tmp_path).output.split())
    assert (told in output) and ("proxy-ssl-secret" in output) == bool(told)


OLD, NEW = "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"


def dated(manifest: Manifest, created: str) -> Manifest:
    metadata = {**manifest["metadata"], "creationTimestamp": created}  # type: ignore[dict-item]
    return {**manifest, "metadata": metadata}


@pytest.mark.parametrize(("location_only", "status"), [("false", 502), ("true", 200)])
async def test_the_oldest_ingress_of_a_host_decides_unless_paths_are_on_their_own(
    tmp_path: Path, location_only: str, status: int
) -> None:
    old = dated(ingress("old", "a.test", ["/old"], **VERIFIED), OLD)
    new = dated(ingress("new", "a.test", ["/new"], **HTTPS), NEW)
    objects = [old, new, secret(), configmap(proxy_ssl_location_only=location_only)]
    stranger = TlsPod(CertificateAuthority().leaf("pod.internal")).context
    async with pod(tls=stranger) as server, served(tmp_path, server.port, *objects) as running:
        assert (await fetch(running.http, b"/old")).status == 502
        assert (await fetch(running.http, b"/new")).status == status


@pytest.mark.parametrize("protocol", ["GRPC", "grpcs", "FCGI"])
async def test_what_is_not_spoken_is_answered_503_and_said_why(
    tmp_path: Path, protocol: str
) -> None:
    async with pod() as server:
        web = ingress("web", "a.test", backend_protocol=protocol)
        async with served(tmp_path, server.port, web) as running:
            assert (await fetch(running.http)).status == 503
        assert server.connections == 0
    for command in (["check"], ["explain", "http://a.test/", "--manifests"]):
        output = " ".join(ingressd(*command, tmp_path).output.split())
        assert "is not spoken" in output and "the paths of this Ingress answer 503" in output


async def test_auto_http_is_what_the_client_speaks(tmp_path: Path) -> None:
    web = ingress("web", "a.test", backend_protocol="AUTO_HTTP", ssl_redirect="false")
    tls = TlsPod(PAIR).context
    careless = AUTHORITY.client_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    async with pod(tls=tls) as server, served(tmp_path, server.port, web) as running:
        assert (await fetch(running.http)).status == 502
        async with connect(running.https, tls=careless, server_name="a.test") as client:
            assert (await client.get(b"/x")).body == b"/x"


async def test_pods_get_the_host_that_is_said(tmp_path: Path) -> None:
    async with pod() as server:
        vhost = "$service_name.$namespace.svc:$service_port"
        web = ingress("web", "a.test", upstream_vhost=vhost)
        async with served(tmp_path, server.port, web) as running:
            await fetch(running.http)
        (request,) = server.requests
        assert request.values(b"host") == [b"web.default.svc:80"]
        assert request.value(b"x-forwarded-host") == b"a.test"


async def picked(
    folder: Path, target: Callable[[int], bytes], *objects: Manifest, count: int = 60, pods: int = 3
) -> list[bytes]:
    """Which pod, by name, took each of ``count`` requests, with two workers."""
    async with AsyncExitStack() as stack:
        names = [b"%d" % number for number in range(pods)]
        servers = [await stack.enter_async_context(pod(named(name))) for name in names]
        flags = [f"--backend=web=127.0.0.1:{server.port}" for server in servers]
        running = await stack.enter_async_context(
            served(folder, servers[0].port, *objects, flags=[*flags, "--workers", "2"])
        )
        return [(await fetch(running.http, target(number))).body for number in range(count)]


async def test_equal_texts_go_to_the_same_pod_whichever_worker_is_asked(tmp_path: Path) -> None:
    web = ingress("web", "a.test", upstream_hash_by="$request_uri")
    names = await picked(tmp_path, lambda number: b"/%d" % (number % 12), web)
    assert names == names[:12] * 5
    assert len(set(names)) > 1


async def test_a_subset_is_said_by_annotation_and_its_text_by_the_configmap(tmp_path: Path) -> None:
    web = ingress(
        "web", "a.test",
        upstream_hash_by="$arg_user", upstream_hash_by_subset="true",
        upstream_hash_by_subset_size="2",
    )  # fmt: skip
    names = await picked(tmp_path, lambda _: b"/?user=jane", web, pods=5)
    assert len(set(names)) == 2


async def test_the_configmap_says_what_decides_for_all(tmp_path: Path) -> None:
    keys = configmap(upstream_hash_by="$http_host")
    names = await picked(tmp_path, lambda _: b"/", ingress("web", "a.test"), keys, count=12)
    assert len(set(names)) == 1


@pytest.mark.parametrize("by_configmap", [False, True])
async def test_the_slow_pod_of_two_is_spared(tmp_path: Path, by_configmap: bool) -> None:
    async def slow(visit: Visit) -> None:
        while await visit.request():
            await asyncio.sleep(0.1)  # this is what is measured
            await visit.send(OK)

    notes = {} if by_configmap else {"load_balance": "ewma"}
    objects = [ingress("web", "a.test", **notes), configmap(load_balance="ewma")]
    async with AsyncExitStack() as stack:
        tired = await stack.enter_async_context(pod(slow))
        quick = await stack.enter_async_context(pod(answering(OK)))
        flags = ["--backend", f"web=127.0.0.1:{tired.port}"]
        given = objects if by_configmap else objects[:1]
        running = await stack.enter_async_context(served(tmp_path, quick.port, *given, flags=flags))
        async with connect(running.http) as client:
            for _ in range(60):
                assert (await client.get(b"/")).status == 200
        counts = Counter(tired=len(tired.requests), quick=len(quick.requests))
    assert counts["tired"] <= 5 and counts["quick"] >= 55


def test_explain_says_what_decides(tmp_path: Path) -> None:
    web = ingress(
        "web", "a.test", **VERIFIED, upstream_hash_by="$arg_user", upstream_vhost="b.test"
    )
    write(tmp_path, web, secret())
    given = ["--manifests", tmp_path, "--backend", "web=127.0.0.1:1"]
    output = " ".join(ingressd("explain", "http://a.test/", *given).output.split())
    assert "by $arg_user: equal ones go to the same endpoint" in output
    assert "HTTPS to pods, whose certificates are checked, with Secret default/pods" in output
    assert "Host b.test to pods" in output


def test_check_says_where_settings_of_tls_meet_plain_pods(tmp_path: Path) -> None:
    annotations = {name: text for name, text in VERIFIED.items() if name not in HTTPS}
    write(tmp_path, ingress("web", "a.test", **annotations), secret())
    output = " ".join(ingressd("check", tmp_path).output.split())
    assert "pods are spoken to in plain HTTP, so that it has no effect" in output
    for name in annotations:
        assert name.replace("_", "-") in output
