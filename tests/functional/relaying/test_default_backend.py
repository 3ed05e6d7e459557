"""What a default backend answers in our place: our own errors, and where no endpoint is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import structs
from support.annotated import configmap, ingress, served
from support.clients import Response, connect, fetch
from support.error_pages import CODES, ERRORS, PAGE, gone, replacing, table, told
from support.pods import OK, answering, pod
from support.proxies import BACKEND, proxy, upstream
from support.waiting import until

from ingressd.routing.delta import Delta
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import Access, BasicAuth, ErrorPages, Policy

NOBODY = Access(deny=("0.0.0.0/0",))


async def asked(policy: Policy, page: bytes, ports: Sequence[int] = (), **body: bytes) -> Response:
    """The answer to one POST where the default backend gives a page."""
    sent = body.get("body", b"")
    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(sent)
    async with (
        pod(answering(page)) as errors,
        proxy(table(ports, [errors.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(head + sent)
        return await client.response()


@pytest.mark.parametrize(
    ("policy", "ports", "body"),
    [
        (replacing(body_limit=1), (), b"hi"),
        (replacing(), (1,), b""),
    ],
    ids=["413", "502"],
)
async def test_errors_of_ours_have_the_page_too(
    policy: Policy, ports: Sequence[int], body: bytes
) -> None:
    answer = await asked(policy, PAGE, ports, body=body)
    assert (answer.status, answer.body) == (200, b"page")


async def test_a_body_that_turns_out_too_large_has_the_page() -> None:
    head = b"POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    async with (
        pod() as web,
        pod(answering(PAGE)) as errors,
        proxy(table([web.port], [errors.port], replacing(body_limit=3))) as running,
        connect(running.port) as client,
    ):
        await client.send(head + b"2\r\nab\r\n")
        await client.send(b"2\r\ncd\r\n")
        answer = await client.response()
        assert (answer.status, answer.body) == (200, b"page")
        assert answer.value(b"connection") == b"close"
    assert errors.requests[0].value(b"x-code") == b"413"


@pytest.mark.parametrize(
    ("page", "status", "body"),
    [
        (PAGE, 403, b"page"),
        (b"HTTP/1.1 302 Go\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 403, b""),
        (b"HTTP/1.1 204 Fine\r\n\r\n", 403, b""),
        (b"HTTP/1.1 304 Same\r\n\r\n", 403, b""),
        (b"HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 403, b"x"),
        (b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", 404, b"no"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno", 503, b"no"),
    ],
)
async def test_who_is_denied_access_never_sees_a_success(
    page: bytes, status: int, body: bytes
) -> None:
    """The page counts; a client, or who asks for it, must not take it for a permission."""
    async with pod() as web:
        answer = await asked(replacing(access=NOBODY), page, [web.port])
    assert (answer.status, answer.body, web.requests) == (status, body, [])


async def test_who_has_no_password_is_asked_for_one() -> None:
    secured = replacing(access=Access(basic_auth=BasicAuth("default/users", realm="here")))
    users = SecretMaterial("default/users", "1", {"auth": b"me:{PLAIN}mine\n"})
    async with pod() as web, pod(answering(PAGE)) as errors:
        delta = table([web.port], [errors.port], secured)
        async with (
            proxy(structs.replace(delta, secrets=(users,))) as running,
            connect(running.port) as client,
        ):
            answer = await client.get(extra=b"Authorization: Basic bWU6eW91cnM=\r\n")
    assert (answer.status, answer.body, web.requests) == (401, b"page", [])
    assert errors.requests[0].value(b"authorization") is None
    assert answer.values(b"www-authenticate") == [b'Basic realm="here"']


async def test_pods_may_keep_their_errors() -> None:
    policy = Policy(
        default_backend=ERRORS.upstream,
        error_pages=ErrorPages(CODES, of_pods=False),
        body_limit=1,
    )
    async with pod(gone(404)) as web:
        assert (await asked(policy, PAGE, [web.port])).body == b"secret"
        assert (await asked(policy, PAGE, [web.port], body=b"hi")).body == b"page"


async def test_the_method_that_is_counted_is_that_of_the_client() -> None:
    head = b"PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n"
    async with (
        pod(answering(PAGE)) as errors,
        proxy(table([], [errors.port], replacing(body_limit=1))) as running,
        connect(running.port) as client,
    ):
        await client.send(head + b"hi")
        assert (await client.response()).body == b"page"
        await until(lambda: running.proxy.snapshot().requests)
        ((labels, _),) = running.proxy.snapshot().requests
    assert (labels.method, labels.status) == ("PUT", 200)


async def test_a_service_without_endpoints_has_a_default_backend() -> None:
    """It gets the request as it is, and is told why."""
    policy = Policy(default_backend=ERRORS.upstream)
    async with (
        pod() as web,
        pod() as errors,
        proxy(table([], [errors.port], policy)) as running,
        connect(running.port) as client,
    ):
        await client.send(
            b"POST /x/y?z HTTP/1.1\r\nHost: a.test\r\nX-Code: 1\r\nContent-Length: 2\r\n\r\nhi"
        )
        assert (await client.response()).body == b"hi"
        assert told(errors) == [
            b"POST /x/y?z HTTP/1.1", b"503", None, b"/x/y?z", b"default", b"web", b"web", b"80",
        ]  # fmt: skip
        running.apply(Delta(0, upstreams=(upstream([web.port], BACKEND),)))
        assert (await client.get(b"/own")).body == b"/own"
        running.apply(Delta(0, upstreams=(upstream([], BACKEND), upstream([], ERRORS))))
        assert (await client.get()).status == 503


async def test_a_default_backend_is_as_closed_as_its_route() -> None:
    policy = Policy(default_backend=ERRORS.upstream, access=NOBODY)
    assert (await asked(policy, OK)).status == 403


ERRORS_SERVICE = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "errors", "namespace": "default"},
    "spec": {"ports": [{"port": 80}]},
}


async def test_by_annotation_and_by_configmap(tmp_path: Path) -> None:
    """custom-http-errors, default-backend, disable-proxy-intercept-errors."""
    objects = (
        ERRORS_SERVICE,
        configmap(custom_http_errors="404"),
        ingress("global", "global.test"),
        ingress("other", "other.test", custom_http_errors="503"),
        ingress("pods", "pods.test", disable_proxy_intercept_errors="true"),
        ingress("own", "own.test", default_backend="errors", custom_http_errors="404"),
        ingress("closed", "closed.test", default_backend="errors", denylist_source_range="x"),
    )
    async with pod(gone(404)) as web, pod(answering(PAGE)) as errors:
        flags = ("--backend", f"errors=127.0.0.1:{errors.port}",
                 "--default-backend-service", "default/errors")  # fmt: skip
        async with served(tmp_path, web.port, *objects, flags=flags) as running:
            statuses = {
                host: (await fetch(running.http, b"/x", host)).status
                for host in (
                    b"global.test", b"other.test", b"pods.test", b"own.test", b"closed.test",
                )
            }  # fmt: skip
    assert statuses == {
        b"global.test": 200,
        b"other.test": 404,
        b"pods.test": 404,
        b"own.test": 200,
        b"closed.test": 503,
    }
    assert [request.value(b"x-ingress-name") for request in errors.requests] == [b"global", b"own"]
    assert {request.line for request in errors.requests} == {b"GET / HTTP/1.1"}
