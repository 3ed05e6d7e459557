"""Header fields by annotation and by ConfigMap, through the whole program."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.annotated import Manifest, configmap, ingress, own, served, write
from support.clients import Client, Response, connect
from support.pods import Pod, answering, pod
from support.processes import Served
from support.program import Launch, running

OF_THE_POD = (
    b"HTTP/1.1 200 OK\r\nServer: pod\r\nX-Frame-Options: SAMEORIGIN\r\nX-Powered-By: it\r\n"
    b"Strict-Transport-Security: max-age=1\r\n"
    b"Set-Cookie: a=1; Domain=.Pod.Test; Path=/inner/x; Secure\r\nSet-Cookie: b=2; path=/other\r\n"
    b"Location: http://pod.test/next\r\nRefresh: 5; url=http://pod.test/later\r\n"
    b"Content-Length: 2\r\n\r\nok"
)
STRICT = b"Strict-Transport-Security"
UNCHECKED = ssl.create_default_context()
UNCHECKED.check_hostname = False
UNCHECKED.verify_mode = ssl.CERT_NONE


def fields(name: str, namespace: str = "default", **data: str) -> Manifest:
    metadata = {"name": name, "namespace": namespace}
    named = {key.replace("_", "-"): value for key, value in data.items()}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": named}


@asynccontextmanager
async def front(folder: Path, *objects: Manifest) -> AsyncIterator[tuple[Served, Pod, Client]]:
    async with (
        pod(answering(OF_THE_POD)) as web,
        served(folder, web.port, *objects) as program,
        connect(program.http) as client,
    ):
        yield program, web, client


async def ask(client: Client, host: str, path: str = "/", extra: bytes = b"") -> Response:
    await client.send(
        b"GET %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (path.encode(), host.encode(), extra)
    )
    return await client.response()


async def test_custom_headers_are_set_where_the_configmap_allows_them(tmp_path: Path) -> None:
    objects = (
        configmap(global_allowed_response_headers="x-frame-options, X-Host"),
        fields("good", "other", X_Frame_Options="DENY", X_Host="$host $"),
        fields("bad", X_Frame_Options="DENY", X_Other="1"),
        ingress("good", "good.test", custom_headers="other/good"),
        ingress("bad", "bad.test", custom_headers="bad"),
        ingress("none", "none.test", custom_headers="none"),
        ingress("old", "old.test", custom_headers="other/good", permanent_redirect="/x"),
    )
    async with front(tmp_path, *objects) as (_, web, client):
        answer = await ask(client, "good.test")
        assert answer.values(b"X-Frame-Options") == [b"DENY"]
        assert answer.values(b"X-Host") == [b"$host $"], "no variables, as in ingress-nginx"
        assert (await ask(client, "old.test")).values(b"X-Frame-Options") == [b"DENY"], (
            "of redirects, too"
        )
        seen = len(web.requests)
        for host in ("bad.test", "none.test"):
            assert (await ask(client, host)).status == 503
        assert len(web.requests) == seen


async def test_custom_headers_are_followed_while_they_change(tmp_path: Path) -> None:
    allowed = configmap(global_allowed_response_headers="X-A")
    shop = ingress("shop", "shop.test", custom_headers="fields")
    async with front(tmp_path, allowed, shop, fields("fields", X_A="1")) as (_, _web, client):
        assert (await ask(client, "shop.test")).values(b"X-A") == [b"1"]
        write(tmp_path, allowed, shop, fields("fields", X_A="2"))
        async with asyncio.timeout(10):
            while (await ask(client, "shop.test")).values(b"X-A") != [b"2"]:
                pass


async def test_fields_of_the_configmap_reach_everybody(tmp_path: Path) -> None:
    objects = (
        configmap(
            add_headers="other/answers",
            proxy_set_headers="other/requests",
            hide_headers="X-Powered-By, x-secret",
            allow_backend_server_header="false",
            proxy_add_original_uri_header="true",
            proxy_cookie_domain="pod.test shop.test",
        ),
        fields("answers", "other", X_Frame_Options="DENY", X_Uri="$request_uri"),
        fields("requests", "other", X_Env="test", X_Scheme="gopher", X_Gone=""),
        ingress("shop", "shop.test", ["/(.*)"], rewrite_target="/inner/$1"),
    )
    async with front(tmp_path, *objects) as (_, web, client):
        answer = await ask(client, "shop.test", "/a?b", b"X-Env: forged\r\nX-Gone: here\r\n")
        assert answer.values(b"X-Frame-Options") == [b"DENY"]
        assert answer.values(b"X-Uri") == [b"/a?b"]
        assert not answer.values(b"X-Powered-By") + answer.values(b"Server")
        assert answer.values(b"Set-Cookie")[0].startswith(b"a=1; Domain=.shop.test;")
        (seen,) = web.requests
        assert seen.line.startswith(b"GET /inner/a?b ")
        assert seen.values(b"X-Original-URI") == [b"/a?b"]
        assert (seen.values(b"X-Env"), seen.values(b"X-Gone")) == ([b"test"], [])
        assert seen.values(b"X-Scheme") == [b"http"], "what ingressd writes itself stays"
        assert (await ask(client, "nobody.test")).values(b"X-Frame-Options") == [b"DENY"]


async def test_cookies_and_redirects_of_pods_are_rewritten(tmp_path: Path) -> None:
    objects = (
        ingress(
            "both", "both.test", proxy_cookie_domain="pod.test $host",
            proxy_cookie_path="/inner/ /", proxy_redirect_from="http://pod.test/",
            proxy_redirect_to="https://$host/app/",
        ),
        ingress("off", "off.test", proxy_redirect_from="default", proxy_redirect_to="goodbye"),
    )  # fmt: skip
    async with front(tmp_path, *objects) as (_, _web, client):
        answer = await ask(client, "both.test")
        assert answer.values(b"Set-Cookie") == [
            b"a=1; Domain=.both.test; Path=/x; Secure", b"b=2; path=/other",
        ]  # fmt: skip
        assert answer.values(b"Location") == [b"https://both.test/app/next"]
        assert answer.values(b"Refresh") == [b"5; url=https://both.test/app/later"]
        answer = await ask(client, "off.test")
        assert answer.values(b"Location") == [b"http://pod.test/next"]
        assert answer.values(b"Server") == [b"pod"], "as conformance demands"


async def test_the_prefix_goes_with_a_rewrite_alone(tmp_path: Path) -> None:
    objects = (
        ingress("a", "a.test", ["/(app)/(.*)"], rewrite_target="/$2", x_forwarded_prefix="/$1"),
        ingress("b", "b.test", x_forwarded_prefix="/app"),
    )
    async with front(tmp_path, *objects) as (_, web, client):
        await ask(client, "a.test", "/app/x", b"X-Forwarded-Prefix: /forged\r\n")
        await ask(client, "b.test", "/app/x")
        assert [seen.values(b"X-Forwarded-Prefix") for seen in web.requests] == [[b"/app"], []]


async def test_fields_are_set_added_and_removed(tmp_path: Path) -> None:
    shop = own(
        ingress("shop", "shop.test"),
        response_headers="set X-Frame-Options: DENY\nadd X-Frame-Options: $host\nremove Server",
        request_headers="set X-Env: $http_x_kind!\nremove Cookie\nadd X-Env: two",
    )
    async with front(tmp_path, shop) as (_, web, client):
        extra = b"X-Kind: one\r\nCookie: a=1\r\nX-Env: forged\r\n"
        answer = await ask(client, "shop.test", extra=extra)
        assert answer.values(b"X-Frame-Options") == [b"DENY", b"shop.test"]
        assert answer.values(b"Server") == []
        (seen,) = web.requests
        assert seen.values(b"X-Env") == [b"one!", b"two"]
        assert seen.values(b"Cookie") == []


async def test_affinity_knows_the_cookie_that_pods_do_not_get(tmp_path: Path) -> None:
    shop = own(ingress("shop", "shop.test", affinity="cookie"), request_headers="remove Cookie")
    async with front(tmp_path, shop) as (_, web, client):
        first = await ask(client, "shop.test")
        cookie = first.values(b"Set-Cookie")[-1].partition(b";")[0]
        again = await ask(client, "shop.test", extra=b"Cookie: %b\r\n" % cookie)
        assert cookie.startswith(b"INGRESSCOOKIE=")
        assert len(again.values(b"Set-Cookie")) == len(first.values(b"Set-Cookie")) - 1
        assert web.requests[-1].values(b"Cookie") == []


async def test_no_client_can_add_a_line(tmp_path: Path) -> None:
    shop = own(
        ingress("shop", "shop.test"),
        response_headers="set X-Path: $uri",
        request_headers="set X-Path: $uri",
    )
    async with front(tmp_path, shop) as (_, web, client):
        answer = await ask(client, "shop.test", "/a%0D%0AX-Forged:%201")
        assert answer.values(b"X-Path") == [b"/a%0D%0AX-Forged: 1"]
        assert web.requests[0].values(b"X-Forged") == answer.values(b"X-Forged") == []


async def test_denied_paths_and_conditions(tmp_path: Path) -> None:
    shop = own(
        ingress("shop", "shop.test", tls=True, ssl_redirect="false", server_alias="www.shop.test"),
        denied_paths="/admin\n/tmp* 404\n= /x\n~ \\.git 410",
        redirect_if="""
            host ~ ^www\\.(.+)$ 301 https://$1$request_uri
            header X-Kind = old 302 /new?from=$uri
            method = DELETE 307 http://b.test
        """,
    )
    expected = {
        "/admin": 403, "/admin/x": 403, "/administrator": 200, "/tmpfile": 404, "/x": 403,
        "/x/y": 200, "/a/.GIT/config": 410, "/%2egit": 410, "//admin": 403, "/b/../admin": 403,
    }  # fmt: skip
    async with front(tmp_path, shop) as (_, _web, client):
        for path, status in expected.items():
            assert (await ask(client, "shop.test", path)).status == status, path
        answer = await ask(client, "www.shop.test", "/a?b")
        assert (answer.status, answer.value(b"Location")) == (301, b"https://shop.test/a?b")
        assert (await ask(client, "www.shop.test", "/admin")).status == 403
        answer = await ask(client, "shop.test", "/a", b"X-Kind: old\r\n")
        assert (answer.status, answer.value(b"Location")) == (302, b"/new?from=/a")
        assert (await ask(client, "shop.test", "/a", b"X-Kind: older\r\n")).status == 200


async def test_browsers_are_told_to_come_by_https_only(tmp_path: Path) -> None:
    objects = (
        configmap(hsts_max_age="60", hsts_preload="true"),
        ingress("tls", "tls.test", ["/app"], tls=True, ssl_redirect="false"),
        ingress("plain", "plain.test"),
        own(
            ingress("own", "own.test", tls=True),
            response_headers="set Strict-Transport-Security: max-age=5",
        ),
    )
    strict = [b"max-age=60; includeSubDomains; preload"]
    async with (
        front(tmp_path, *objects) as (started, _web, plain),
        connect(started.https, tls=UNCHECKED, server_name="tls.test") as client,
    ):
        for _ in range(2):
            answer = await ask(client, "tls.test", "/app")
            assert (answer.values(STRICT), answer.body) == (strict, b"ok")
        nowhere = await ask(client, "tls.test", "/else")
        assert (nowhere.status, nowhere.values(STRICT)) == (404, strict)
        assert (await ask(client, "own.test")).values(STRICT) == [b"max-age=5"]
        for answer in (await ask(client, "plain.test"), await ask(plain, "tls.test", "/app")):
            assert answer.values(STRICT) == [b"max-age=1"], "it is the pod's"


async def test_it_need_not_be_told(tmp_path: Path) -> None:
    objects = configmap(hsts="false"), ingress("tls", "tls.test", tls=True)
    async with (
        front(tmp_path, *objects) as (started, _web, _),
        connect(started.https, tls=UNCHECKED, server_name="tls.test") as client,
    ):
        assert (await ask(client, "tls.test")).values(STRICT) == [b"max-age=1"]


async def test_what_is_not_logged(tmp_path: Path) -> None:
    objects = (
        configmap(skip_access_log_urls="/health"),
        ingress("loud", "loud.test"),
        ingress("silent", "silent.test", enable_access_log="false"),
    )
    log = tmp_path / "log"
    async with pod(answering(OF_THE_POD)) as web:
        folder = tmp_path / "manifests"
        folder.mkdir()
        write(folder, *objects)
        flags = ("--configmap", "default/settings", "--backend", f"web=127.0.0.1:{web.port}")
        launch = Launch(folder, tmp_path, ("--log-format", "json", *flags), workers=1, stdout=log)
        async with running(launch) as program:
            async with connect(program.http) as client:
                for host in ("silent.test", "loud.test"):
                    for path in ("/health", "/a", "/health?x"):
                        await ask(client, host, path)
            await program.stop()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(line["host"], line["target"]) for line in lines] == [
        ("loud.test", "/a"), ("loud.test", "/health?x"),
    ]  # fmt: skip
