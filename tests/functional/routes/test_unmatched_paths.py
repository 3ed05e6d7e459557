"""Paths that no rule of their host takes: the settings of its oldest Ingress hold for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.annotated import Manifest, ingress, served, write
from support.certificates import CertificateAuthority
from support.clients import Response, connect, fetch
from support.commands import ingressd
from support.hashes import OF_SECRET
from support.pods import pod

NOTHING = b"/nothing"
USERS: Manifest = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "users"},
    "stringData": {"auth": f"jane:{next(iter(OF_SECRET.values()))}"},
}
CLIENTS: Manifest = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "clients"},
    "stringData": {"ca.crt": CertificateAuthority().pem.decode()},
}
SERVICE: Manifest = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web"},
    "spec": {"ports": [{"port": 80}]},
}


def host(name: str, *, tls: bool = False, **annotations: str) -> Manifest:
    return ingress(name, f"{name}.test", ["/x"], tls=tls, **annotations)


HOSTS = (
    host("plain"),
    host("secure", tls=True),
    host("open", tls=True, ssl_redirect="false"),
    host("listed", allowlist_source_range="10.0.0.0/8"),
    host("password", auth_type="basic", auth_secret="users"),
    host("closed", allowlist_source_range="10.0.0.0/8,nonsense"),
    host("moved", permanent_redirect="https://new.test/"),
    host("rewritten", rewrite_target="/y"),
    host("pages", custom_http_errors="404", default_backend="web"),
    host("many", limit_rps="1", limit_burst_multiplier="1"),
    ingress("nobody", "", ["/x"], allowlist_source_range="10.0.0.0/8"),
    host("certified", auth_tls_secret="default/clients"),
    host("uncertified", auth_tls_secret="default/nothing"),
    USERS,
    CLIENTS,
    SERVICE,
)


async def asked(port: int, name: str, path: bytes = NOTHING) -> Response:
    return await fetch(port, path, name.encode())


async def test_the_settings_of_the_oldest_ingress_hold(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *HOSTS) as running:
        statuses = {
            name: (await asked(running.http, f"{name}.test")).status
            for name in (
                "plain", "open", "listed", "password", "closed", "rewritten", "unknown",
                "certified", "uncertified",
            )
        }  # fmt: skip
        secure = await asked(running.http, "secure.test")
        moved = await asked(running.http, "moved.test")
    assert statuses == {
        "plain": 404, "open": 404, "listed": 403, "password": 401, "closed": 503, "rewritten": 404,
        "unknown": 404, "certified": 400, "uncertified": 403,
    }  # fmt: skip
    assert (secure.status, secure.value(b"location")) == (308, b"https://secure.test/nothing")
    assert (moved.status, moved.value(b"location")) == (301, b"https://new.test/")
    assert web.requests == []


async def test_a_page_of_its_own_is_asked_for(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *HOSTS) as running:
        answer = await asked(running.http, "pages.test")
    assert answer.status == 200
    (request,) = web.requests
    assert request.value(b"x-code") == b"404"
    assert request.value(b"x-ingress-name") == b"pages"


async def test_limits_count_them(tmp_path: Path) -> None:
    async with pod() as web, served(tmp_path, web.port, *HOSTS) as running:
        statuses = [(await asked(running.http, "many.test")).status for _ in range(4)]
    assert statuses[0] == 404
    assert 503 in statuses


async def test_a_body_for_nobody_is_never_too_large(tmp_path: Path) -> None:
    head = b"POST /nothing HTTP/1.1\r\nHost: plain.test\r\nContent-Length: %d\r\n\r\n" % (2 << 20)
    async with (
        pod() as web,
        served(tmp_path, web.port, *HOSTS) as running,
        connect(running.http) as client,
    ):
        await client.send(head)
        assert (await client.response()).status == 404


async def test_a_default_backend_for_all_is_guarded_in_the_same_way(tmp_path: Path) -> None:
    flags = ("--default-backend-service", "default/web")
    async with pod() as web, served(tmp_path, web.port, *HOSTS, flags=flags) as running:
        statuses = {
            name: (await asked(running.http, f"{name}.test")).status
            for name in ("plain", "listed", "password", "closed", "rewritten", "unknown")
        }
    assert statuses == {
        "plain": 200, "listed": 403, "password": 401, "closed": 503, "rewritten": 200,
        "unknown": 200,
    }  # fmt: skip
    assert len(web.requests) == 3


@pytest.mark.parametrize(
    ("name", "answer", "why"),
    [
        ("plain", "404 Not Found", "no host, path or default backend takes the request"),
        ("listed", "404 Not Found", "if the client's address is admitted"),
        ("password", "401 Unauthorized", "the rule asks for a user and a password"),
        ("closed", "503 Service Unavailable", "a protection that is asked for cannot be given"),
        ("secure", "308 redirect to https://secure.test/nothing", "has spec.tls"),
        ("unknown", "404 Not Found", "no host, path or default backend takes the request"),
    ],
)
def test_explain_says_the_same(tmp_path: Path, name: str, answer: str, why: str) -> None:
    write(tmp_path, *HOSTS)
    result = ingressd("explain", f"http://{name}.test/nothing", "--manifests", tmp_path)
    words = " ".join(result.output.split())
    assert f"=> {answer}" in words
    assert why in words


def test_routes_show_them_where_an_ingress_says_anything_about_them(tmp_path: Path) -> None:
    write(tmp_path, *HOSTS)
    shown = ingressd("routes", "--manifests", tmp_path).output
    lines = [line for line in shown.splitlines() if "Unmatched" in line]
    assert {line.split()[0] for line in lines} == {
        "open.test", "listed.test", "password.test", "closed.test", "moved.test", "pages.test",
        "many.test", "certified.test", "uncertified.test",
    }  # fmt: skip
    assert next(line for line in lines if line.startswith("listed")).count("none (404)") == 1


def test_what_is_no_service_leaves_its_path_to_the_others(tmp_path: Path) -> None:
    made = host("bucket")
    paths = made["spec"]["rules"][0]["http"]["paths"]  # type: ignore[index]
    backend = {"resource": {"apiGroup": "x.test", "kind": "Bucket", "name": "icons"}}
    paths.append({"path": "/x/icons", "pathType": "Prefix", "backend": backend})
    write(tmp_path, made, SERVICE)
    result = ingressd("explain", "http://bucket.test/x/icons/1", "--manifests", tmp_path)
    assert "Prefix /x on bucket.test" in result.output
    found = " ".join(ingressd("check", tmp_path).output.split())
    assert "Bucket icons is not a Service" in found
