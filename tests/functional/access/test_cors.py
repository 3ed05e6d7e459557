"""Cross-origin requests by annotation, through the whole program."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.annotated import ingress, served
from support.clients import Client, Response, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import answering, pod

from ingressd.routing.deciding.cors import origin_check
from ingressd.routing.policy import Cors

ALLOW = b"Access-Control-Allow-"
SEVERAL = "http://origin.cors.com:8080, http://*.origin.com:8080, a.test:8080, https://b.test"
OF_THE_POD = (
    b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: https://pod.test\r\n"
    b"Access-Control-Allow-Credentials: false\r\nContent-Length: 2\r\n\r\nok"
)

PRECEDED = (b"evil://http://a.test", b"http://a.test, http://a.test")
"""In nginx anything may stand before an origin that is let in."""

ORIGINS = (
    b"http://a.test", b"HTTP://A.Test", b"https://a.test", b"http://a.test:80", b"http://a.test/",
    b"http://axtest", b"http://b.a.test", b"https://x.wild.test:8443", b"https://x.wild.test",
    b"https://x-1.WILD.test:8443", b"https://x.y.wild.test:8443", b"https://wild.test:8443",
    b"https://.wild.test:8443", b"https://x_y.wild.test:8443", b"app://x.y", b"app://xzy", b"null",
    *PRECEDED,
)  # fmt: skip

INGRESSES = (
    ingress("any", "any.test", enable_cors="true"),
    ingress("several", "several.test", enable_cors="true", cors_allow_origin=SEVERAL),
    ingress("blank", "blank.test", enable_cors="true", cors_allow_origin="     "),
    ingress("extra", "extra.test", enable_cors="true", cors_allow_origin="*, foo.bar.com"),
    ingress("nobody", "nobody.test", enable_cors="true", cors_allow_origin="foo.bar.com"),
    ingress(
        "all", "all.test", enable_cors="true", cors_allow_methods="POST, GET", cors_max_age="200",
        cors_allow_headers="DNT, User-Agent", cors_allow_credentials="false",
        cors_expose_headers="X-A, X-B",
    ),
    ingress("off", "off.test", cors_allow_origin="https://b.test"),
    ingress("secure", "secure.test", tls=True, enable_cors="true"),
    ingress("moved", "moved.test", enable_cors="true", permanent_redirect="https://new.test"),
    ingress("closed", "closed.test", enable_cors="true", auth_url=" "),
)  # fmt: skip


async def ask(client: Client, host: bytes, origin: bytes = b"", method: bytes = b"GET") -> Response:
    extra = b"Origin: %b\r\n" % origin if origin else b""
    await client.send(b"%b / HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (method, host, extra))
    return await client.response()


def allowed(response: Response) -> bytes | None:
    (value,) = response.values(ALLOW + b"Origin") or [None]
    return value


@asynccontextmanager
async def front(folder: Path) -> AsyncIterator[Client]:
    async with (
        pod(answering(OF_THE_POD)) as web,
        served(folder, web.port, *INGRESSES) as running,
        connect(running.http) as client,
    ):
        yield client


async def test_who_may_use_the_answers(tmp_path: Path) -> None:
    expected = {
        (b"any.test", b""): b"*",
        (b"any.test", b"http://origin.com"): b"*",
        (b"blank.test", b"test.origin.com"): b"*",
        (b"extra.test", b""): b"*",
        (b"several.test", b"http://origin.cors.com:8080"): b"http://origin.cors.com:8080",
        (b"several.test", b"http://bar-foo.origin.com:8080"): b"http://bar-foo.origin.com:8080",
        (b"several.test", b"https://b.test"): b"https://b.test",
        (b"several.test", b"http://a.b.origin.com:8080"): b"https://pod.test",
        (b"several.test", b"http://origin.com:8080"): b"https://pod.test",
        (b"several.test", b"a.test:8080"): b"https://pod.test",
        (b"several.test", b""): b"https://pod.test",
        (b"nobody.test", b"foo.bar.com"): b"https://pod.test",
        (b"off.test", b"https://b.test"): b"https://pod.test",
        (b"moved.test", b""): b"*",
        (b"secure.test", b""): b"*",
    }
    async with front(tmp_path) as client:
        got = {key: allowed(await ask(client, *key)) for key in expected}
    assert got == expected


async def test_all_that_can_be_said(tmp_path: Path) -> None:
    async with front(tmp_path) as client:
        answers = [await ask(client, b"all.test", method=each) for each in (b"GET", b"OPTIONS")]
        usual = await ask(client, b"any.test")
    for answer in answers:
        assert (
            dict(answer.headers).items()
            >= {
                ALLOW + b"Origin": b"*",
                ALLOW + b"Methods": b"POST, GET",
                ALLOW + b"Headers": b"DNT, User-Agent",
                b"Access-Control-Expose-Headers": b"X-A, X-B",
                b"Access-Control-Max-Age": b"200",
            }.items()
        )
    assert [answer.value(ALLOW + b"Credentials") for answer in answers] == [b"false", None]
    assert usual.values(ALLOW + b"Credentials") == [b"true"]


async def test_preflights_come_before_redirects_and_refusals(tmp_path: Path) -> None:
    async with front(tmp_path) as client:
        hosts = (b"any.test", b"secure.test", b"moved.test")
        answers = [await ask(client, host, b"https://x.test", b"OPTIONS") for host in hosts]
        others = [
            (await ask(client, host, b"https://x.test", b"OPTIONS")).status
            for host in (b"several.test", b"nobody.test", b"off.test", b"closed.test")
        ]
    for answer in answers:
        assert (answer.status, allowed(answer)) == (204, b"*")
        assert answer.value(b"content-type") is None
    assert others == [200, 200, 200, 503]


def admitted_by_nginx(origins: str) -> str:
    """ingress-nginx's condition on the Origin, answered with what it sets."""
    entries = [entry.strip() for entry in origins.split(",")]
    patterns = [re.escape(entry).replace(r"\*", r"[A-Za-z0-9\-]+", 1) for entry in entries]
    condition = "|".join(f"({pattern})" for pattern in patterns)
    return f"""
    location / {{
      set $cors no;
      if ($http_origin ~* (({condition}))$ ) {{ set $cors yes; }}
      return 200 $cors;
    }}
    location = /preflight {{ default_type text/plain; return 204; }}
    """


@needs_nginx
async def test_the_same_origins_are_let_in_as_by_nginx(tmp_path: Path) -> None:
    origins = "http://a.test, https://*.wild.test:8443, app://x.y, null"
    (tmp_path / "theirs").mkdir()
    admits = origin_check(Cors(origins=tuple(origins.split(", "))))
    differences = {}
    async with (
        nginx(tmp_path / "theirs", server=admitted_by_nginx(origins)) as door,
        connect_to(door) as client,
    ):
        for origin in ORIGINS:
            theirs = (await ask(client, b"a.test", origin)).body == b"yes"
            if theirs is not bool(admits(origin)):
                differences[origin] = theirs
        preflight = await client.get(b"/preflight")
    assert differences == dict.fromkeys(PRECEDED, True)
    assert (preflight.status, preflight.value(b"content-type")) == (204, None)


async def test_our_own_answers_may_be_used_too(tmp_path: Path) -> None:
    async with (
        served(tmp_path, 1, *INGRESSES) as running,
        connect(running.http) as client,
    ):
        answer = await ask(client, b"several.test", b"https://b.test")
    assert (answer.status, allowed(answer)) == (502, b"https://b.test")
    assert answer.values(b"vary") == [b"Origin"]
