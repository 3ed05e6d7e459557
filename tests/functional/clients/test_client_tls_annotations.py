"""Annotations and ConfigMap keys about TLS with clients, from a manifest to a real client."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.annotated import Manifest, certified, configmap, ingress, served, tls_secret
from support.certificates import CertificateAuthority, KeyPair
from support.clients import Response, connect, fetch
from support.commands import ingressd
from support.pods import Pod, echo, pod
from support.processes import Served
from support.tls_pods import TlsPod

AUTHORITY = CertificateAuthority()
STRANGER = CertificateAuthority("Somebody else")
SERVER = AUTHORITY.leaf("a.test", "*.a.test")
REFUSED = (ssl.SSLError, ConnectionError)
CLIENT = AUTHORITY.leaf("jane")
UNKNOWN = STRANGER.leaf("mallory")


def ca_secret(pem: bytes = AUTHORITY.pem) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "clients"},
        "stringData": {"ca.crt": pem.decode()},
    }


def demanding(host: str = "a.test", **annotations: str) -> Manifest:
    """An Ingress that asks for certificates of the authority."""
    return with_tls(host, auth_tls_secret="default/clients", **annotations)


def with_tls(host: str = "a.test", **annotations: str) -> Manifest:
    return certified(ingress(host, host, **annotations), "a", host)


def told_of(folder: Path, *flags: str) -> str:
    """What ``check`` says, on one line."""
    return " ".join(ingressd("check", folder, *flags).stdout.split())


@asynccontextmanager
async def serving(
    folder: Path, *objects: Manifest, flags: tuple[str, ...] = (), tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[Served, Pod]]:
    async with pod(echo, tls=tls) as web:
        secrets = (tls_secret("a", SERVER), ca_secret())
        async with served(folder, web.port, *secrets, *objects, flags=flags) as running:
            yield running, web


async def ask(
    running: Served,
    pair: KeyPair | None = None,
    server_name: str = "a.test",
    newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
    ciphers: str = "",
    path: bytes = b"/",
) -> tuple[Response, ssl.SSLObject]:
    context = AUTHORITY.client_context(pair)
    context.maximum_version = newest
    if ciphers:
        context.set_ciphers(ciphers)
    async with connect(running.https, tls=context, server_name=server_name) as client:
        answer = await client.get(path, server_name.encode())
        return answer, client.writer.get_extra_info("ssl_object")


async def test_a_certificate_is_demanded(tmp_path: Path) -> None:
    async with serving(tmp_path, demanding()) as (running, web):
        statuses = [(await ask(running, pair))[0].status for pair in (CLIENT, UNKNOWN, None)]
        redirected = await fetch(running.http)
    assert statuses == [200, 400, 400]
    assert (redirected.status, redirected.value(b"location")) == (308, b"https://a.test")
    assert web.requests[0].value(b"ssl-client-subject-dn") == b"CN=jane"
    assert web.requests[0].value(b"ssl-client-cert") is None


async def test_how_it_is_demanded(tmp_path: Path) -> None:
    cases: list[tuple[dict[str, str], KeyPair | None, int]] = [
        ({"auth_tls_verify_client": "off"}, None, 200),
        ({"auth_tls_verify_client": "optional"}, None, 200),
        ({"auth_tls_verify_client": "optional"}, UNKNOWN, 400),
        ({"auth_tls_verify_client": "optional_no_ca"}, UNKNOWN, 200),
        ({"auth_tls_verify_client": "yes"}, None, 400),
        ({"auth_tls_verify_depth": "0"}, CLIENT, 200),
        ({"auth_tls_match_cn": "CN=(joe|jane)"}, CLIENT, 200),
        ({"auth_tls_match_cn": "CN=joe"}, CLIENT, 403),
        ({"auth_tls_match_cn": "jane"}, CLIENT, 403),
        ({"auth_tls_match_cn": "CN=(jane"}, CLIENT, 403),
        ({"auth_tls_error_page": "http://a.test/error"}, None, 302),
        ({"auth_tls_error_page": "/error"}, None, 400),
    ]
    objects = [demanding(f"c{n}.a.test", **case[0]) for n, case in enumerate(cases)]
    async with serving(tmp_path, *objects) as (running, _):
        for number, (annotations, pair, status) in enumerate(cases):
            answer, _ = await ask(running, pair, f"c{number}.a.test")
            assert answer.status == status, annotations


async def test_the_pod_gets_the_certificate(tmp_path: Path) -> None:
    passing = demanding(auth_tls_pass_certificate_to_upstream="true")
    async with serving(tmp_path, passing) as (running, web):
        await ask(running, CLIENT)
    sent = web.requests[0].value(b"ssl-client-cert")
    assert sent is not None
    assert sent.startswith(b"-----BEGIN%20CERTIFICATE-----%0A")


async def test_a_secret_that_cannot_be_used_closes_the_host(tmp_path: Path) -> None:
    """Its other Ingresses too: nobody can be checked on any path of it."""
    hosts = {
        f"c{n}.a.test": name for n, name in enumerate(("missing", "other/clients", "a b", "a"))
    }
    closing = [with_tls(host, auth_tls_secret=secret) for host, secret in hosts.items()]
    others = [certified(ingress(f"o{host}", host, ("/other",)), "a", host) for host in hosts]
    async with serving(tmp_path, *closing, *others) as (running, web):
        for host in hosts:
            for path in (b"/", b"/other"):
                assert (await ask(running, CLIENT, host, path=path))[0].status == 403
                assert (await fetch(running.http, path, host.encode())).status == 403
    assert not web.requests
    assert told_of(tmp_path).count("every path of the host answers 403") == len(hosts)


async def test_ciphers_and_their_order_are_those_of_the_host(tmp_path: Path) -> None:
    strong, fast = "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"
    both = f"{strong}:{fast}"
    objects = (
        with_tls("ordered.a.test", ssl_ciphers=both, ssl_prefer_server_ciphers="true"),
        with_tls("polite.a.test", ssl_ciphers=both),
        with_tls("odd.a.test", ssl_ciphers="ROT13"),
    )
    old = ssl.TLSVersion.TLSv1_2
    async with serving(tmp_path, *objects) as (running, _):
        for host, agreed in (("ordered.a.test", strong), ("polite.a.test", fast)):
            _, connection = await ask(running, None, host, old, f"{fast}:{strong}")
            assert (connection.cipher() or "")[0] == agreed
            with pytest.raises(REFUSED):
                await ask(running, None, host, old, "ECDHE-ECDSA-CHACHA20-POLY1305")
        assert (await ask(running, None, "odd.a.test", old))[0].status == 200


async def test_the_configmap_names_ciphers_for_all_hosts(tmp_path: Path) -> None:
    keys = configmap(ssl_ciphers="ECDHE-ECDSA-AES256-GCM-SHA384")
    async with serving(tmp_path, with_tls(), keys) as (running, _):
        _, connection = await ask(running, newest=ssl.TLSVersion.TLSv1_2)
    assert (connection.cipher() or "")[0] == "ECDHE-ECDSA-AES256-GCM-SHA384"


@pytest.mark.parametrize(("spoken", "agreed"), [("TLSv1.2", "TLSv1.2"), ("TLSv1", "TLSv1.3")])
async def test_versions_are_those_of_the_configmap(
    tmp_path: Path, spoken: str, agreed: str
) -> None:
    async with serving(tmp_path, with_tls(), configmap(ssl_protocols=spoken)) as (running, _):
        _, connection = await ask(running)
    assert connection.version() == agreed


async def test_unknown_names_may_get_no_handshake(tmp_path: Path) -> None:
    keys = configmap(ssl_reject_handshake="true")
    async with serving(tmp_path, with_tls(), keys) as (running, _):
        for name in ("b.test", "127.0.0.1"):  # an address is no name for SNI
            with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
                await ask(running, server_name=name)
        assert (await ask(running))[0].status == 200


async def test_passthrough_needs_a_flag(tmp_path: Path) -> None:
    passing = with_tls(ssl_passthrough="true", backend_protocol="HTTPS", enable_cors="true")
    tls = TlsPod(AUTHORITY.leaf("a.test", "pod.test"))
    async with serving(tmp_path, passing, tls=tls.context) as (running, web):
        await ask(running)
        assert web.requests[-1].value(b"x-forwarded-proto") == b"https"
    assert "--enable-ssl-passthrough" in told_of(tmp_path)
    flags = ("--enable-ssl-passthrough",)
    async with serving(tmp_path, passing, flags=flags, tls=tls.context) as (running, web):
        await ask(running)
        assert web.requests[-1].value(b"x-forwarded-proto") is None
    told = told_of(tmp_path, *flags)
    assert "[nginx.ingress.kubernetes.io/enable-cors]" in told
    assert "this holds for plain HTTP alone" in told
