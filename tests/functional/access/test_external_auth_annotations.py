"""External authentication by annotation and ConfigMap, through the whole program."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.annotated import Manifest, configmap, ingress, served, write
from support.clients import Response, connect, fetch
from support.commands import ingressd
from support.pods import Pod, Visit, answering, pod
from support.processes import PROGRAM, started

YES = b"HTTP/1.1 200 OK\r\nX-User: jane\r\nContent-Length: 0\r\n\r\n"
COOKIE = b"HTTP/1.1 200 OK\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n\r\n"
MISSING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
NO = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"


async def judging(visit: Visit) -> None:
    """Admits who has the right password, as httpbin's /basic-auth/user/password does."""
    while asked := await visit.request():
        if asked.line.startswith(b"GET /forbid"):
            await visit.send(FORBIDDEN)
        elif asked.value(b"authorization") == b"Basic dXNlcjpwYXNzd29yZA==":
            await visit.send(YES)
        else:
            await visit.send(NO)


KNOWN = b"Authorization: Basic dXNlcjpwYXNzd29yZA==\r\n"


async def asked(port: int, host: bytes, path: bytes = b"/", extra: bytes = b"") -> Response:
    async with connect(port) as client:
        return await client.get(path, host, extra)


def headers(name: str, **data: str) -> Manifest:
    metadata = {"name": name, "namespace": "default"}
    pairs = {key.replace("_", "-"): text for key, text in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": pairs}


async def test_the_family_of_auth_url(tmp_path: Path) -> None:
    async with pod(judging) as service, pod(answering(YES)) as web:
        url = f"http://127.0.0.1:{service.port}"
        objects = (
            ingress(
                "auth", "auth.test",
                auth_url=f"{url}/basic-auth/user/password",
                auth_signin="http://$host/auth/start",
            ),
            ingress(
                "details", "details.test",
                auth_url=f"{url}/verify",
                auth_method="GET",
                auth_signin="http://login.test/?x=y",
                auth_signin_redirect_param="origin",
                auth_response_headers="X-User, X-Group",
                auth_request_redirect="http://redirect.test/me",
                auth_proxy_set_headers="default/asking",
                auth_cache_key="$http_authorization",
                auth_cache_duration="200 10m",
                auth_keepalive="10",
            ),
            ingress("forbid", "forbid.test", auth_url=f"{url}/forbid", auth_signin="http://x.test"),
            headers("asking", X_From="$host/$ingress_name"),
        )  # fmt: skip
        async with served(tmp_path, web.port, *objects) as running:
            assert (await asked(running.http, b"auth.test", extra=KNOWN)).status == 200
            sent = await asked(running.http, b"auth.test", b"/?a=b&c=d")
            assert (sent.status, sent.value(b"location")) == (
                302,
                b"http://auth.test/auth/start?rd=http://auth.test%2F%3Fa%3Db%26c%3Dd",
            )
            assert (await asked(running.http, b"forbid.test")).status == 403
            await _check_details(running.http, service, web)


async def _check_details(port: int, service: Pod, web: Pod) -> None:
    sent = await asked(port, b"details.test", b"/x")
    assert sent.value(b"location") == (b"http://login.test/?x=y&origin=http://details.test%2Fx")
    before = len(service.requests)
    for _ in range(3):
        extra = KNOWN + b"X-User: root\r\nX-Group: wheel\r\n"
        assert (await asked(port, b"details.test", b"/x", extra)).status == 200
    assert len(service.requests) == before + 1, "the decision is remembered"
    question = service.requests[-1]
    assert question.line == b"GET /verify HTTP/1.1"
    assert question.value(b"x-auth-request-redirect") == b"http://redirect.test/me"
    assert question.value(b"x-original-uri") == b"/x"
    assert question.value(b"x-from") == b"details.test/details"
    assert web.requests[-1].value(b"x-user") == b"jane"
    assert web.requests[-1].value(b"x-group") is None


async def test_global_auth_asks_about_everything_but_what_opts_out(tmp_path: Path) -> None:
    async with pod(answering(NO)) as strict, pod(judging) as mild, pod(answering(YES)) as web:
        settings = configmap(
            global_auth_url=f"http://127.0.0.1:{strict.port}/?for=$host",
            global_auth_signin="http://login.test/",
            global_auth_method="GET",
        )
        objects = (
            settings,
            ingress("plain", "plain.test"),
            ingress("on", "on.test", enable_global_auth="true"),
            ingress("off", "off.test", enable_global_auth="false"),
            ingress("own", "own.test", auth_url=f"http://127.0.0.1:{mild.port}/"),
            ingress("bad", "bad.test", enable_global_auth="never"),
            ingress("acme", "acme.test", ["/.well-known/acme-challenge/token"]),
        )
        async with served(tmp_path, web.port, *objects) as running:
            hosts = (b"plain.test", b"on.test", b"off.test", b"own.test", b"bad.test")
            answers = {host: await asked(running.http, host, extra=KNOWN) for host in hosts}
            assert {host: answer.status for host, answer in answers.items()} == {
                b"plain.test": 302,
                b"on.test": 302,
                b"off.test": 200,
                b"own.test": 200,
                b"bad.test": 302,
            }
            challenge = b"/.well-known/acme-challenge/token"
            assert (await asked(running.http, b"acme.test", challenge)).status == 200
            assert (await asked(running.http, b"plain.test", challenge)).status == 302
            assert (await asked(running.http, b"own.test")).status == 401
            assert strict.requests[0].line == b"GET /?for=plain.test HTTP/1.1"
            write(tmp_path, *(each for each in objects if each is not settings))
            await _until_status(running.http, b"plain.test", 200)


async def test_cookies_of_the_service(tmp_path: Path) -> None:
    async with pod(answering(COOKIE)) as service, pod(answering(MISSING)) as web:
        url = f"http://127.0.0.1:{service.port}/"
        objects = (
            ingress("good", "good.test", auth_url=url),
            ingress("always", "always.test", auth_url=url, auth_always_set_cookie="true"),
            ingress("never", "never.test", auth_url=url, auth_always_set_cookie="0"),
        )
        async with served(tmp_path, web.port, *objects) as running:
            answers = [
                await fetch(running.http, b"/", host)
                for host in (b"good.test", b"always.test", b"never.test")
            ]
            told = [(answer.status, answer.value(b"set-cookie")) for answer in answers]
            assert told == [(404, None), (404, b"seen=1"), (404, None)]


async def _until_status(port: int, host: bytes, status: int) -> None:
    async with asyncio.timeout(10):
        while (await fetch(port, b"/", host)).status != status:
            pass


CLOSED = (
    {"auth_always_set_cookie": "yes"},
    {"auth_request_redirect": "http://$host/"},
    {"auth_cache_duration": "200 5m;"},
    {"auth_cache_duration": "5m 200"},
    {"auth_url": " "},
    {"auth_url": "not-a-url"},
    {"auth_url": "http://$unknown/"},
    {"auth_method": "FETCH"},
    {"auth_response_headers": "X-User; X-Group"},
    {"auth_proxy_set_headers": "default/nowhere"},
    {"auth_proxy_set_headers": "elsewhere/asking"},
    {"auth_proxy_set_headers": "default/broken"},
)
"""The first ones are those that make ingress-nginx ask nobody."""


async def test_what_cannot_be_asked_is_closed(tmp_path: Path) -> None:
    async with pod(answering(YES)) as service, pod(answering(YES)) as web:
        url = f"http://127.0.0.1:{service.port}/"
        objects = [
            ingress(f"c{place}", f"c{place}.test", **{"auth_url": url, **annotations})
            for place, annotations in enumerate(CLOSED)
        ]
        other = headers("asking", X_From="x")
        other["metadata"] = {"name": "asking", "namespace": "elsewhere"}
        broken = headers("broken", X_From="$nothing")
        good = ingress("good", "good.test", auth_url=url)
        async with served(tmp_path, web.port, *objects, other, broken, good) as running:
            for place, annotations in enumerate(CLOSED):
                response = await asked(running.http, b"c%d.test" % place, extra=KNOWN)
                assert response.status == 503, annotations
            assert (service.requests, web.requests) == ([], [])
            assert (await asked(running.http, b"good.test")).status == 200


@pytest.mark.parametrize("url", ["auth.test/verify", "http://auth.test/$nothing"])
async def test_global_auth_that_cannot_be_asked_closes_who_needs_it(
    tmp_path: Path, url: str
) -> None:
    async with pod(answering(YES)) as web:
        objects = (
            configmap(global_auth_url=url),
            ingress("plain", "plain.test"),
            ingress("off", "off.test", enable_global_auth="false"),
        )
        async with served(tmp_path, web.port, *objects) as running:
            assert (await asked(running.http, b"plain.test")).status == 503
            assert web.requests == []
            assert (await asked(running.http, b"off.test")).status == 200


async def test_check_tells_what_is_closed_and_why(tmp_path: Path) -> None:
    url = "http://auth.test/"
    write(
        tmp_path,
        ingress("bad", "bad.test", auth_url=url, auth_always_set_cookie="yes"),
        ingress("lost", "lost.test", auth_response_headers="X-User"),
        ingress("ours", "ours.test", auth_url=url, auth_response_headers="X-User, Host"),
    )
    async with started([PROGRAM, "check", str(tmp_path)]) as process:
        output, _ = await process.communicate()
    text = " ".join(output.decode().split())
    assert process.returncode == 1
    assert "'yes' is not valid, expected true or false; the paths of this Ingress answer" in text
    assert "it has no effect without a valid auth-url" in text
    assert "Host is written by ingressd itself, and not taken from the service" in text


async def test_a_configmap_with_headers_that_appears_later_opens_the_paths(tmp_path: Path) -> None:
    async with pod(answering(YES)) as service, pod(answering(YES)) as web:
        url = f"http://127.0.0.1:{service.port}/"
        late = ingress("late", "late.test", auth_url=url, auth_proxy_set_headers="default/asking")
        async with served(tmp_path, web.port, late) as running:
            assert (await asked(running.http, b"late.test")).status == 503
            write(tmp_path, late, headers("asking", X_From="file"))
            await _until_status(running.http, b"late.test", 200)
            assert service.requests[0].value(b"x-from") == b"file"


def service(name: str) -> Manifest:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 4180}]}
    metadata = {"name": name, "namespace": "sso"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


async def test_services_are_found_without_the_dns_of_a_cluster(tmp_path: Path) -> None:
    asking = ingress("a", "a.test", auth_url="http://auth.sso.svc.cluster.local/x")
    async with pod(judging) as judge, pod(answering(YES)) as web:
        flags = ["--backend", f"sso/auth=127.0.0.1:{judge.port}"]
        async with served(tmp_path, web.port, asking, service("auth"), flags=flags) as running:
            assert (await asked(running.http, b"a.test", extra=KNOWN)).status == 200
            assert (await asked(running.http, b"a.test")).status == 401
    assert judge.requests[0].value(b"host") == b"auth.sso.svc.cluster.local"


def test_check_tells_of_a_service_that_cannot_be_asked(tmp_path: Path) -> None:
    asking = ingress("a", "a.test", auth_url="http://auth.sso.svc.cluster.local/x")
    write(tmp_path, asking, service("auth"))
    output = ingressd("check", tmp_path, "--backend", "web=127.0.0.1:1").output
    told = " ".join(output.split())
    assert "Service sso/auth has no endpoints" in told
    assert "requests that it is asked about get 500, unless DNS knows its name" in told
    assert "--backend" in told
