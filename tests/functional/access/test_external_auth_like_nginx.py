"""External authentication beside a real nginx that is set up as ingress-nginx sets it up."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest
from support.clients import Client, Response, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import Pod, Received, Visit, pod
from support.proxies import proxy, simple

from ingressd.routing.policy import ExternalAuth, Policy, Remembered

pytestmark = needs_nginx

SERVER = """
  location = /_external-auth {{
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_set_header X-Forwarded-Proto "";
    proxy_set_header X-Request-ID $http_x_request_id;
    {method}
    proxy_set_header Host 127.0.0.1;
    proxy_set_header X-Original-URL $scheme://$http_host$request_uri;
    proxy_set_header X-Original-Method $request_method;
    proxy_set_header X-Sent-From "nginx-ingress-controller";
    proxy_set_header X-Real-IP 127.0.0.1;
    proxy_set_header X-Forwarded-For 127.0.0.1;
    proxy_set_header X-Auth-Request-Redirect $request_uri;
    proxy_set_header Connection "";
    set $target http://127.0.0.1:{service}/verify?u=$cookie_a&at=$request_uri;
    proxy_pass $target;
  }}
  location / {{
    auth_request /_external-auth;
    auth_request_set $auth_cookie $upstream_http_set_cookie;
    add_header Set-Cookie $auth_cookie {always};
    auth_request_set $claim0 $upstream_http_x_user;
    proxy_set_header 'X-User' $claim0;
    auth_request_set $claim1 $upstream_http_x_group;
    proxy_set_header 'X_Group' $claim1;
    proxy_set_header Host $http_host;
    proxy_set_header Connection "";
    {signin}
    proxy_pass http://127.0.0.1:{web};
  }}
  location @signin {{
    internal;
    add_header Set-Cookie $auth_cookie;
    return 302 http://login.test/?rd=$scheme://$http_host$request_uri;
  }}
"""

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: a.test\r\nX-Request-ID: 1\r\n\r\n",
    b"GET /x?u=a&v=%20 HTTP/1.1\r\nHost: a.test:80\r\nX-Request-ID: 1\r\nCookie: a=b\r\n"
    b"X-User: root\r\nX-Group: wheel\r\nAccept: */*\r\nAuthorization: Basic eDp5\r\n\r\n",
    b"GET /a%2Fb//../c?u=%0d%0a HTTP/1.1\r\nHost: A.test\r\nX-Request-ID: 1\r\n"
    b"X-Forwarded-Proto: https\r\nX-Original-URL: x\r\nX-Sent-From: me\r\n\r\n",
    b"POST /form HTTP/1.1\r\nHost: a.test\r\nX-Request-ID: 1\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 4\r\n\r\nbody",
    b"PUT /form HTTP/1.1\r\nHost: a.test\r\nX-Request-ID: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"4\r\nbody\r\n0\r\n\r\n",
    b"GET http://b.test/abs?u=1 HTTP/1.1\r\nHost: b.test\r\nX-Request-ID: 1\r\n\r\n",
]
CLAIMS = b"X-User: jane\r\nX-Group: staff\r\nX-Other: x\r\n"
COOKIE = b"Set-Cookie: seen=1; Path=/\r\n"
CHALLENGE = b'WWW-Authenticate: Basic realm="x"\r\n'
DECISIONS = [
    (b"200 OK", CLAIMS + COOKIE),
    (b"200 OK", b""),
    (b"204 No Content", b"X-User: \r\n"),
    (b"299 Odd", b"X-Group: a\r\n"),
    (b"401 Unauthorized", CHALLENGE + COOKIE),
    (b"403 Forbidden", CHALLENGE + COOKIE),
    (b"301 Moved", b"Location: http://b.test/\r\n" + COOKIE),
    (b"404 Not Found", COOKIE),
    (b"500 Oops", COOKIE),
]
STATUSES = [b"200 OK", b"302 Found", b"404 Not Found"]
SEEN_BY_CLIENTS = (b"set-cookie", b"www-authenticate", b"location")
SEEN_BY_PODS = (b"host", b"x-user", b"x_group", b"x-other", b"authorization", b"cookie")
MODE = ("method", "signin", "always")


class Scripted:
    """Answers as the test says at the moment."""

    def __init__(self) -> None:
        self.says = b""

    async def __call__(self, visit: Visit) -> None:
        while await visit.request():
            await visit.send(self.says)


def answer(status: bytes, fields: bytes = b"") -> bytes:
    end = b"\r\n" if status.startswith(b"204") else b"Content-Length: 0\r\n\r\n"
    return b"HTTP/1.1 %b\r\n%b%b" % (status, fields, end)


def told(received: Received | None) -> object:
    """A question, without the order of its fields and without what is not the same every time."""
    if received is None:
        return None
    skipped = (b"content-length",) if received.line.startswith(b"POST") else ()
    fields = sorted(
        (name.lower(), value) for name, value in received.headers if name.lower() not in skipped
    )
    return received.line, fields, received.body


async def outcome(client: Client, raw: bytes, service: Pod, web: Pod) -> tuple[object, ...]:
    """What the client, the service and the pod saw of one request."""
    service.requests.clear()
    web.requests.clear()
    await client.send(raw)
    response: Response = await client.response()
    seen = [response.values(name) for name in SEEN_BY_CLIENTS]
    forwarded = [
        (each.line, [each.values(name) for name in SEEN_BY_PODS], each.body)
        for each in web.requests
    ]
    questions = [told(each) for each in service.requests]
    return response.status, seen, questions, forwarded


@pytest.mark.parametrize("mode", [(), ("method",), ("signin",), ("always",), MODE])
async def test_clients_services_and_pods_see_the_same(tmp_path: Path, mode: tuple[str]) -> None:
    deciding, serving = Scripted(), Scripted()
    async with pod(deciding) as service, pod(serving) as web:
        more = "proxy_method GET; proxy_set_header X-Original-URI $request_uri; "
        server = SERVER.format(
            service=service.port,
            web=web.port,
            method=f"{more}proxy_set_header X-Scheme $scheme;" if "method" in mode else "",
            signin="error_page 401 = @signin;" if "signin" in mode else "",
            always="always" if "always" in mode else "",
        )
        auth = ExternalAuth(
            f"http://127.0.0.1:{service.port}/verify?u=$cookie_a&at=$request_uri",
            method="GET" if "method" in mode else "",
            signin="http://login.test/?rd=$scheme://$http_host$request_uri"
            if "signin" in mode
            else "",
            response_headers=("X-User", "X_Group"),
            always_set_cookie="always" in mode,
        )
        policy = Policy(external_auth=auth)
        delta = simple([web.port], policy)
        async with nginx(tmp_path, server=server) as door, proxy(delta) as running:
            for decision, fields in DECISIONS:
                for status in STATUSES if decision.startswith(b"2") else STATUSES[:1]:
                    deciding.says, serving.says = answer(decision, fields), answer(status)
                    for raw in REQUESTS:
                        raw = raw.replace(b"b.test", b"a.test")
                        async with connect_to(door) as theirs, connect(running.port) as ours:
                            expected = await outcome(theirs, raw, service, web)
                            assert await outcome(ours, raw, service, web) == expected, (
                                decision, status, raw,
                            )  # fmt: skip


CACHING = """
  location = /_external-auth {{
    internal;
    proxy_pass_request_body off;
    proxy_set_header Content-Length "";
    proxy_cache auth_cache;
    proxy_cache_valid 200 202 401 5m;
    proxy_cache_valid 404 204 1m;
    proxy_cache_key "$http_x_key";
    proxy_pass http://127.0.0.1:{service}/;
  }}
  location / {{
    auth_request /_external-auth;
    proxy_pass http://127.0.0.1:{web};
  }}
"""
REMEMBERED = (Remembered((200, 202, 401), 300.0), Remembered((404, 204), 60.0))
CACHED = [
    *(answer(status) for status in (b"200 OK", b"202 Ok", b"201 Made", b"204 No", b"299 Odd")),
    *(answer(status) for status in (b"401 No", b"403 No", b"404 No", b"500 No", b"302 Gone")),
    *(
        answer(b"200 OK", fields)
        for fields in (
            COOKIE,
            b"Cache-Control: no-store\r\n",
            b"Cache-Control: No-Cache\r\n",
            b"Cache-Control: private\r\n",
            b"Cache-Control: max-age=0\r\n",
            b"Cache-Control: max-age=60\r\n",
            b"Cache-Control: public, s-maxage=0, max-age=60\r\n",
            b"Cache-Control: public, max-age=0, s-maxage=60\r\n",
            b"Vary: *\r\n",
        )
    ),
]


async def test_the_same_decisions_are_remembered(tmp_path: Path) -> None:
    deciding, serving = Scripted(), Scripted()
    serving.says = answer(b"200 OK")
    async with pod(deciding) as service, pod(serving) as web:
        auth = ExternalAuth(
            f"http://127.0.0.1:{service.port}/", cache_key="$http_x_key", remembered=REMEMBERED
        )
        delta = simple([web.port], Policy(external_auth=auth))
        zone = f"proxy_cache_path {tmp_path}/cache keys_zone=auth_cache:1m;"
        server = CACHING.format(service=service.port, web=web.port)
        async with nginx(tmp_path, http=zone, server=server) as door, proxy(delta) as running:
            for number, said in enumerate(CACHED):
                deciding.says = said
                key = b"X-Key: %d\r\n" % number
                expected = await asked_twice(partial(connect_to, door), key, service)
                ours = partial(connect, running.port)
                assert await asked_twice(ours, key, service) == expected, said


async def asked_twice(
    opened: Callable[[], AbstractAsyncContextManager[Client]], key: bytes, service: Pod
) -> tuple[list[int], int]:
    """What two requests are answered, and how many questions they cost."""
    service.requests.clear()
    statuses = []
    for _ in range(2):
        async with opened() as client:
            statuses.append((await client.get(extra=key)).status)
    return statuses, len(service.requests)
