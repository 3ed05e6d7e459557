"""TLS that goes to pods as it comes: they shake hands, and see every byte."""

from __future__ import annotations

import asyncio
import ssl

import msgspec
import pytest
from support.certificates import CertificateAuthority
from support.clients import connect, fetch
from support.pods import Visit, black_hole, echo, free_port, named, pod
from support.proxies import BACKEND, SETTINGS, Running, proxy, route, upstream
from support.tls_pods import TlsPod
from support.waiting import until

from ingressd.proxy.client import passthrough
from ingressd.routing.delta import Delta
from ingressd.routing.model import Endpoint, Host, Upstream
from ingressd.routing.policy import HostPolicy

AUTHORITY = CertificateAuthority()
OF_POD = AUTHORITY.leaf("a.test")
OURS = AUTHORITY.leaf("b.test")
TRUSTING = AUTHORITY.client_context()
PASSING = HostPolicy(passthrough=True)


def table(*ports: int, **fields: object) -> Delta:
    """Host a.test is passed through, host b.test is not."""
    default = OURS.as_certificate()
    delta = Delta(
        1,
        reset=True,
        hosts=(
            Host("a.test", (route("/deep"), route()), policy=PASSING),
            Host("b.test", (route(host="b.test"),)),
        ),
        upstreams=(upstream(ports),),
        certificates=(default,),
        default_certificate=default.fingerprint,
    )
    return msgspec.structs.replace(delta, **fields)


def open_connections(running: Running) -> int:
    return running.proxy.snapshot().open_connections


async def test_the_pod_shakes_hands_with_the_client() -> None:
    tls = TlsPod(OF_POD)
    async with pod(echo, tls=tls.context) as web, proxy(table(web.port)) as running:
        async with connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client:
            assert (await client.get(b"/deep/x")).body == b"/deep/x"
            assert open_connections(running) == 1
        await until(lambda: open_connections(running) == 0)
        counted = running.proxy.snapshot()
    assert tls.asked == ["a.test"]
    assert web.requests[0].value(b"x-forwarded-for") is None
    assert (counted.passthrough_connections, counted.client_connections) == (1, 1)
    assert not counted.requests


async def test_other_names_and_plain_requests_are_served_as_ever() -> None:
    async with pod(named(b"plain")) as web, proxy(table(web.port)) as running:
        async with connect(running.tls_port, tls=TRUSTING, server_name="b.test") as client:
            assert (await client.get(host=b"b.test")).body == b"plain"
        assert (await fetch(running.port)).body == b"plain"


async def test_an_endpoint_that_refuses_is_passed_over() -> None:
    tls = TlsPod(OF_POD)
    async with pod(echo, tls=tls.context) as web, proxy(table(free_port(), web.port)) as running:
        for _ in range(4):
            async with connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client:
                assert (await client.get()).status == 200


async def test_the_successor_of_one_that_refuses_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passthrough, "AGAIN_SECONDS", 600)
    tls = TlsPod(OF_POD)
    async with pod(echo, tls=tls.context) as web, proxy(table(free_port())) as running:
        asking = asyncio.create_task(_shake_hands(running))
        await until(lambda: running.proxy.snapshot().upstream_connect_failures)
        running.apply(table(web.port))
        await asking


async def test_one_that_is_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passthrough, "CONNECT_TIMEOUT", 0.05)
    tls = TlsPod(OF_POD)
    with black_hole() as silent:
        async with pod(echo, tls=tls.context) as web, proxy(table(silent, web.port)) as running:
            for _ in range(2):
                async with connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client:
                    assert (await client.get()).status == 200


async def test_the_pods_may_be_behind_a_name() -> None:
    tls = TlsPod(OF_POD)
    settings = msgspec.structs.replace(SETTINGS, local_names=True)
    async with pod(echo, tls=tls.context) as web:
        outside = Upstream(BACKEND.upstream, (Endpoint("localhost", web.port),), external=True)
        async with (
            proxy(table(upstreams=(outside,)), settings) as running,
            connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
        ):
            assert (await client.get()).status == 200
        async with proxy(table(upstreams=(outside,))) as running:
            with pytest.raises(ConnectionError):
                await _shake_hands(running)


@pytest.mark.parametrize("hosts", [Host("a.test", policy=PASSING), None])
async def test_without_an_endpoint_the_connection_ends(hosts: Host | None) -> None:
    fields = {"hosts": (hosts,)} if hosts is not None else {}
    async with proxy(table(**fields)) as running:
        with pytest.raises(ConnectionError):
            await _shake_hands(running)
        await until(lambda: open_connections(running) == 0)


async def last_words(visit: Visit) -> None:
    """Reads all that the client says before it says anything itself."""
    everything = await visit.reader.read()
    await visit.send(b"%d bytes" % len(everything))


async def test_who_has_said_all_still_gets_an_answer() -> None:
    """TLS knows no half of a connection, but TCP does: here the greeting is all that is TLS."""
    greeting = _greeting()
    async with (
        pod(last_words) as web,
        proxy(table(web.port)) as running,
        connect(running.tls_port) as client,
    ):
        await client.send(greeting)
        client.writer.write_eof()
        answer = await client.reader.read()
    assert answer == b"%d bytes" % len(greeting)


async def test_neither_side_is_buffered_for_the_other() -> None:
    """A pod that reads nothing holds the client back, and gets all of it in the end."""
    begins = asyncio.Event()

    async def slow(visit: Visit) -> None:
        await begins.wait()
        await last_words(visit)

    greeting = _greeting()
    async with pod(slow) as web, proxy(table(web.port)) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.tls_port)
        writer.transport.set_write_buffer_limits(high=0)
        writer.write(greeting)
        sent = len(greeting)
        while True:
            writer.write(bytes(1 << 20))
            sent += 1 << 20
            try:
                async with asyncio.timeout(0.3):
                    await writer.drain()
            except TimeoutError:
                break
        assert sent < 64 << 20
        begins.set()
        writer.write_eof()
        assert await reader.read() == b"%d bytes" % sent
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_resets_takes_the_pod_with_it() -> None:
    gone = asyncio.Event()

    async def waiting(visit: Visit) -> None:
        try:
            await visit.reader.read()
        finally:
            gone.set()

    async with pod(waiting) as web, proxy(table(web.port)) as running:
        async with connect(running.tls_port) as client:
            await client.send(_greeting())
            await until(lambda: open_connections(running) == 1)
            client.writer.transport.abort()
            await gone.wait()
        await until(lambda: open_connections(running) == 0)


async def test_silence_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passthrough, "IDLE_TIMEOUT", 0.3)
    async with (
        pod(last_words) as web,
        proxy(table(web.port)) as running,
        connect(running.tls_port) as client,
    ):
        await client.send(_greeting())
        assert await client.at_eof()


async def test_at_the_end_what_is_open_has_its_grace() -> None:
    tls = TlsPod(OF_POD)
    async with pod(echo, tls=tls.context) as web, proxy(table(web.port), grace=5) as running:
        async with connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client:
            await client.get()
            stopping = asyncio.ensure_future(running.proxy.stop(5))
            assert (await client.get()).status == 200
        await stopping
        assert open_connections(running) == 0


async def test_and_not_more() -> None:
    tls = TlsPod(OF_POD)
    async with (
        pod(echo, tls=tls.context) as web,
        proxy(table(web.port)) as running,
        connect(running.tls_port, tls=TRUSTING, server_name="a.test") as client,
    ):
        await client.get()
        await running.proxy.stop(0.05)
        assert await client.at_eof()


async def _shake_hands(running: Running) -> None:
    async with connect(running.tls_port, tls=TRUSTING, server_name="a.test"):
        pass


def _greeting() -> bytes:
    """A ClientHello for a.test."""

    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = TRUSTING.wrap_bio(incoming, outgoing, server_hostname="a.test")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()
