"""TLS with pods: whom the proxy trusts, what it shows, and that nothing is shared that must not."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import AsyncExitStack

import aiohttp
import msgspec
import pytest
from support.certificates import CertificateAuthority
from support.clients import connect, fetch
from support.pods import OK, Visit, answering, echo, free_port, named, pod
from support.proxies import BACKEND, SETTINGS, proxy, route, simple, upstream
from support.tls_pods import SECRET, TlsPod, material
from support.websockets import converse, websocket_pod

from ingressd.routing.delta import Delta
from ingressd.routing.model import Backend, Endpoint, Host, SecretMaterial, Upstream
from ingressd.routing.policy import Buffering, PodProtocol, PodTls, Policy

AUTHORITY = CertificateAuthority()
STRANGER = CertificateAuthority("Somebody else")
SERVICE_NAME = "web.default.svc"
PAIR = AUTHORITY.leaf(SERVICE_NAME)
VERIFYING = PodTls(SECRET, verify=True)


def https(tls: PodTls | None = None, **fields: object) -> Policy:
    return Policy(pod_protocol=PodProtocol.HTTPS, pod_tls=tls, **fields)  # type: ignore[arg-type]


def table(policy: Policy, *ports: int, secret: SecretMaterial | None = None) -> Delta:
    """Everything of a.test to these ports of this machine."""
    delta = simple(ports, policy)
    return msgspec.structs.replace(delta, secrets=(secret,) if secret is not None else ())


async def test_by_default_any_pod_is_believed_and_no_name_is_sent() -> None:
    tls = TlsPod(STRANGER.leaf("whatever.test", expired=True))
    async with pod(tls=tls.context) as server, proxy(table(https(), server.port)) as running:
        async with connect(running.port) as client:
            assert (await client.get(b"/x")).body == b"/x"
            assert (await client.get(b"/y")).body == b"/y"
        assert (server.connections, tls.asked) == (1, [None])


@pytest.mark.parametrize("sends_name", [False, True])
@pytest.mark.parametrize(
    ("leaf", "name", "status"),
    [
        (PAIR, "", 200),
        (AUTHORITY.leaf("pod.test"), "pod.test", 200),
        (AUTHORITY.leaf("*.pod.test"), "a.pod.test", 200),
        (AUTHORITY.leaf("10.1.2.3"), "10.1.2.3", 200),
        (AUTHORITY.leaf("*.pod.test"), "a.b.pod.test", 502),
        (AUTHORITY.leaf("*.pod.test"), "pod.test", 502),
        (AUTHORITY.leaf("pod.test"), "", 502),
        (AUTHORITY.leaf("10.1.2.3"), "10.1.2.4", 502),
        (AUTHORITY.leaf(SERVICE_NAME, expired=True), "", 502),
        (STRANGER.leaf(SERVICE_NAME), "", 502),
    ],
    ids=lambda value: ",".join(value.names) if hasattr(value, "names") else None,
)
async def test_a_certificate_has_to_come_from_the_authority_and_to_be_for_the_name(
    leaf: object, name: str, status: int, sends_name: bool
) -> None:
    tls = TlsPod(leaf)  # type: ignore[arg-type]
    settings = msgspec.structs.replace(VERIFYING, name=name, sends_name=sends_name)
    async with pod(tls=tls.context) as server:
        delta = table(https(settings), server.port, secret=material(AUTHORITY))
        async with proxy(delta) as running:
            assert (await fetch(running.port)).status == status
        assert len(server.requests) == (status == 200)
    is_address = name[:1].isdigit()
    expected = (name or SERVICE_NAME) if sends_name and not is_address else None
    assert set(tls.asked) == {expected}


@pytest.mark.parametrize(("depth", "status"), [(1, 502), (2, 200)])
async def test_a_chain_has_no_more_certificates_than_may_be_between(
    depth: int, status: int
) -> None:
    upper = CertificateAuthority("Upper", AUTHORITY)
    lower = CertificateAuthority("Lower", upper)
    tls = TlsPod(lower.leaf(SERVICE_NAME), chain=lower.pem + upper.pem)
    settings = msgspec.structs.replace(VERIFYING, depth=depth)
    async with pod(tls=tls.context) as server:
        delta = table(https(settings), server.port, secret=material(AUTHORITY))
        async with proxy(delta) as running:
            assert (await fetch(running.port)).status == status


async def test_a_pod_that_wants_a_certificate_gets_that_of_the_secret() -> None:
    tls = TlsPod(PAIR, clients_of=AUTHORITY)
    shown = material(pair=AUTHORITY.leaf("ingress.test"))
    async with pod(tls=tls.context) as server:
        async with proxy(table(https(PodTls(SECRET)), server.port, secret=shown)) as running:
            assert (await fetch(running.port)).status == 200
        async with proxy(table(https(), server.port)) as running:
            assert (await fetch(running.port)).status == 502


async def test_nobody_is_connected_to_without_the_secret_and_it_may_come_change_and_go() -> None:
    async with pod(tls=TlsPod(PAIR).context) as server:
        async with proxy(table(https(VERIFYING), server.port)) as running:
            assert (await fetch(running.port)).status == 503
            running.apply(Delta(0, secrets=(material(AUTHORITY),)))
            assert (await fetch(running.port)).status == 200
            running.apply(Delta(0, secrets=(material(STRANGER),)))
            assert (await fetch(running.port)).status == 502
            running.apply(Delta(0, removed_secrets=(SECRET,)))
            assert (await fetch(running.port)).status == 503
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("settings", "secret"),
    [
        (VERIFYING, material(pair=PAIR)),
        (VERIFYING, SecretMaterial(SECRET, "1", {"ca.crt": b"no PEM"})),
        (PodTls(SECRET), SecretMaterial(SECRET, "1", {"tls.crt": PAIR.chain})),
        (PodTls(SECRET, ciphers="NO-SUCH-CIPHER"), material(AUTHORITY)),
    ],
    ids=["no authority", "not PEM", "no key", "unknown cipher"],
)
async def test_settings_that_cannot_be_used_close_the_route(
    settings: PodTls, secret: SecretMaterial
) -> None:
    async with pod(tls=TlsPod(PAIR).context) as server:
        async with proxy(table(https(settings), server.port, secret=secret)) as running:
            assert (await fetch(running.port)).status == 503
        assert server.connections == 0


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
async def test_only_the_versions_that_are_asked_for_are_spoken(version: str) -> None:
    tls = TlsPod(PAIR)
    tls.context.maximum_version = ssl.TLSVersion.TLSv1_2
    settings = PodTls(SECRET, versions=(version,))
    async with pod(tls=tls.context) as server:
        delta = table(https(settings), server.port, secret=material(AUTHORITY))
        async with proxy(delta) as running:
            assert (await fetch(running.port)).status == (200 if version == "TLSv1.2" else 502)


async def test_no_route_gets_a_connection_that_was_made_with_other_settings() -> None:
    """nginx shares them, so that a pod which one route refuses is used by it all the same."""
    careless, strict = https(), https(VERIFYING)
    host = Host("a.test", (route("/strict", policy=strict), route("/", policy=careless)))
    async with pod(tls=TlsPod(STRANGER.leaf(SERVICE_NAME)).context) as server:
        delta = Delta(
            1, reset=True, hosts=(host,), upstreams=(upstream([server.port]),),
            secrets=(material(AUTHORITY),),
        )  # fmt: skip
        async with proxy(delta) as running, connect(running.port) as client:
            assert (await client.get(b"/")).status == 200
            assert (await client.get(b"/strict")).status == 502
            assert (await client.get(b"/")).status == 200
        assert [request.line for request in server.requests] == [b"GET / HTTP/1.1"] * 2


async def test_routes_with_the_same_settings_share_connections_whatever_else_changes() -> None:
    one, other = https(VERIFYING), https(VERIFYING, body_limit=7)
    routes = (route("/other", policy=other), route("/", policy=one))
    async with pod(tls=TlsPod(PAIR).context) as server:
        delta = Delta(
            1, reset=True, hosts=(Host("a.test", routes),), upstreams=(upstream([server.port]),),
            secrets=(material(AUTHORITY),),
        )  # fmt: skip
        async with proxy(delta) as running, connect(running.port) as client:
            assert (await client.get(b"/")).status == 200
            assert (await client.get(b"/other")).status == 200
            running.apply(Delta(0, hosts=(Host("a.test", routes[1:]),)))
            assert (await client.get(b"/other")).status == 200
        assert (server.connections, len(server.requests)) == (1, 3)


async def test_a_pod_without_tls_is_passed_over_and_502_when_there_is_no_other() -> None:
    async def puzzled(visit: Visit) -> None:
        await visit.reader.read(1 << 16)
        await visit.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    async with AsyncExitStack() as stack:
        plain = await stack.enter_async_context(pod(puzzled))
        secure = await stack.enter_async_context(pod(named(b"secure"), tls=TlsPod(PAIR).context))
        running = await stack.enter_async_context(
            proxy(table(https(), plain.port, secure.port, free_port()))
        )
        for _ in range(6):
            assert (await fetch(running.port)).body == b"secure"
        running.set_endpoints([plain.port])
        assert (await fetch(running.port)).status == 502


async def test_a_handshake_has_no_longer_than_a_connection_may_take() -> None:
    async def silent(visit: Visit) -> None:
        await visit.reader.read(1 << 16)
        await asyncio.Event().wait()

    timeouts = msgspec.structs.replace(Policy().timeouts, connect=0.2)
    policy = https(timeouts=timeouts)
    async with pod(silent) as server, proxy(table(policy, server.port)) as running:
        assert (await fetch(running.port)).status == 504


async def test_a_pod_is_spoken_to_as_the_client_speaks() -> None:
    pair = AUTHORITY.leaf("a.test")
    certificate = pair.as_certificate()
    policy = Policy(pod_protocol=PodProtocol.AUTO)
    async with pod(named(b"plain")) as plain, pod(named(b"tls"), tls=TlsPod(PAIR).context) as tls:
        delta = msgspec.structs.replace(
            table(policy, plain.port),
            certificates=(certificate,),
            bindings={"a.test": certificate.fingerprint},
        )
        async with proxy(delta) as running:
            assert (await fetch(running.port)).body == b"plain"
            running.set_endpoints([tls.port])
            trusting = AUTHORITY.client_context()
            async with connect(running.tls_port, tls=trusting, server_name="a.test") as client:
                assert (await client.get(b"/")).body == b"tls"


async def test_a_websocket_passes() -> None:
    async with websocket_pod(TlsPod(PAIR).context) as port:
        delta = table(https(VERIFYING), port, secret=material(AUTHORITY))
        async with proxy(delta) as running, aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{running.port}/"
            async with session.ws_connect(url, headers={"Host": "a.test"}) as socket:
                await converse(socket)


async def test_bodies_of_any_size_pass_both_ways() -> None:
    body = bytes(range(256)) * 8192
    async with pod(echo, tls=TlsPod(PAIR).context) as server:
        delta = table(https(body_limit=0), server.port)
        async with proxy(delta) as running, connect(running.port) as client:
            head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n" % len(body)
            await client.send(head + body)
            assert (await client.response()).body == body
            assert (await client.get(b"/next")).body == b"/next"
        assert server.connections == 1


async def test_a_connection_that_the_pod_has_closed_is_not_used_again() -> None:
    async def once(visit: Visit) -> None:
        await visit.request()
        await visit.send(OK)

    async with pod(once, tls=TlsPod(PAIR).context) as server:
        async with proxy(table(https(), server.port)) as running, connect(running.port) as client:
            for _ in range(5):
                head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"
                await client.send(head)
                assert (await client.response()).status == 200
        assert (server.connections, len(server.requests)) == (5, 5)


@pytest.mark.parametrize("is_clean", [True, False])
async def test_an_answer_that_ends_with_its_connection_must_end_it_properly(
    is_clean: bool,
) -> None:
    """Whoever is between us and the pod could cut it short otherwise (RFC 9112 section 9.8)."""

    async def closing(visit: Visit) -> None:
        await visit.request()
        await visit.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        if not is_clean:
            visit.reset()

    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(pod(closing, tls=TlsPod(PAIR).context))
        running = await stack.enter_async_context(proxy(table(https(), server.port)))
        async with connect(running.port) as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
            answer = await client.response()
            assert (answer.body, answer.complete) == (b"all of it", is_clean)


async def test_an_upstream_that_goes_takes_its_secured_form_along() -> None:
    async with pod(answering(OK), tls=TlsPod(PAIR).context) as server:
        async with proxy(table(https(), server.port)) as running:
            assert (await fetch(running.port)).status == 200
            running.apply(Delta(0, removed_upstreams=(BACKEND.upstream,)))
            assert (await fetch(running.port)).status == 503
            running.set_endpoints([server.port])
            assert (await fetch(running.port)).status == 200
        assert server.connections == 2


async def test_a_pod_that_hangs_up_within_a_large_upload_harms_nobody_else() -> None:
    """Without TLS, what it had said could still be read then."""

    async def full(visit: Visit) -> None:
        await visit.head()
        await visit.reader.readexactly(1)
        visit.reset()

    policy = https(body_limit=0, buffering=Buffering(requests=False))
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(pod(full, tls=TlsPod(PAIR).context))
        running = await stack.enter_async_context(proxy(table(policy, server.port)))
        async with connect(running.port) as client:
            head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 9000000\r\n\r\n"
            await client.send(head + bytes(8_000_000))
            assert (await client.response()).status == 502


async def test_the_name_of_an_external_service_is_asked_for_and_checked() -> None:
    tls = TlsPod(AUTHORITY.leaf("localhost"))
    settings = msgspec.structs.replace(VERIFYING, sends_name=True)
    async with pod(tls=tls.context) as server:
        outside = Upstream(BACKEND.upstream, (Endpoint("localhost", server.port),), external=True)
        delta = msgspec.structs.replace(
            table(https(settings), server.port, secret=material(AUTHORITY)), upstreams=(outside,)
        )
        local = msgspec.structs.replace(SETTINGS, local_names=True)
        async with proxy(delta, local) as running:
            assert (await fetch(running.port)).status == 200
    assert tls.asked == ["localhost"]


async def test_no_default_backend_gets_what_only_a_verified_pod_may_have() -> None:
    """Nor is it spoken to in another way than the pods."""
    default = Backend("default", "errors", "80")
    policy = https(VERIFYING, default_backend=default.upstream)
    tls = TlsPod(AUTHORITY.leaf("errors.default.svc"))
    async with pod(tls=tls.context) as other:
        pages = upstream([other.port], default)
        delta = msgspec.structs.replace(table(policy), upstreams=(upstream([]), pages))
        async with proxy(delta) as running:
            assert (await fetch(running.port)).status == 503
            assert other.requests == []
            running.apply(Delta(0, secrets=(material(AUTHORITY),)))
            assert (await fetch(running.port)).status == 200
        assert len(other.requests) == 1
