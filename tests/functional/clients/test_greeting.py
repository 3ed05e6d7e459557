"""TLS clients get the certificate that they ask for in their first bytes."""

from __future__ import annotations

import asyncio
import socket
import ssl

import pytest
from support.certificates import subject_names
from support.listening import (
    AUTHORITY,
    DEFAULT,
    Client,
    Front,
    client_context,
    handshake,
    limited,
    until,
    until_answered,
    until_closed,
)

from ingressd.routing.global_policy import Limits


async def test_plain_connections_say_so(front: Front) -> None:
    client = await Client.to(front.http)
    assert await client.line() == "http None\n"
    assert await client.echo("hello") == "hello"
    await client.close()


@pytest.mark.parametrize(
    ("name", "seen", "served"),
    [
        ("shop.test", "shop.test", "shop.test"),
        ("SHOP.test", "shop.test", "shop.test"),
        ("a.wild.test", "a.wild.test", "*.wild.test"),
        ("a.b.wild.test", "a.b.wild.test", "fallback.test"),
        ("unknown.test", "unknown.test", "fallback.test"),
        ("", "None", "fallback.test"),
        ("127.0.0.1", "None", "fallback.test"),
    ],
)
async def test_the_server_name_chooses_the_certificate(
    front: Front, name: str, seen: str, served: str
) -> None:
    client = await Client.to(front.https, client_context(), name)
    assert await client.line() == f"https {seen}\n"
    assert client.served == (served,)
    await client.close()


async def test_a_trailing_dot_in_the_server_name(front: Front) -> None:
    process = await asyncio.create_subprocess_exec(
        *("openssl", "s_client", "-connect", "{}:{}".format(*front.https)),
        *("-servername", "shop.test."),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    assert b"subject=CN = shop.test\n" in output or b"subject=CN=shop.test\n" in output


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_versions(front: Front, newest: ssl.TLSVersion) -> None:
    client = await Client.to(front.https, client_context(newest), "shop.test")
    assert client.writer.get_extra_info("ssl_object").version() == newest.name.replace("_", ".")
    await client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_old_versions_are_refused(front: Front, caplog: pytest.LogCaptureFixture) -> None:
    context = client_context(ssl.TLSVersion.TLSv1_1)
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await Client.to(front.https, context, "shop.test")
    await front.listener.close()
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records


async def test_rotation_leaves_live_connections_alone(front: Front) -> None:
    before = await Client.to(front.https, client_context(), "shop.test")
    await before.line()
    front.put(default=DEFAULT, **{"shop.test": AUTHORITY.leaf("shop.test", "new.test")})
    after = await Client.to(front.https, client_context(), "shop.test")
    assert before.served == ("shop.test",)
    assert after.served == ("shop.test", "new.test")
    assert await before.echo("still here") == "still here"
    await before.close()
    await after.close()


async def test_a_hello_in_segments_of_one_byte(front: Front) -> None:
    tls, incoming, flight = handshake("shop.test")
    client = await Client.to(front.https)
    raw = client.writer.get_extra_info("socket")
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for position in range(len(flight)):
        client.writer.write(flight[position : position + 1])
        await client.writer.drain()
        await asyncio.sleep(0)
    incoming.write(await until_answered(client))
    with pytest.raises(ssl.SSLWantReadError):
        tls.read()
    assert subject_names(tls.getpeercert(binary_form=True) or b"") == ("shop.test",)
    await client.close()


async def test_a_hello_split_in_two(front: Front) -> None:
    _, _, flight = handshake("shop.test")
    client = await Client.to(front.https)
    client.writer.write(flight[:20])
    await client.writer.drain()
    await until(lambda: front.listener.pending == 1)
    client.writer.write(flight[20:])
    assert (await until_answered(client))[:1] == b"\x16"
    assert [hello.server_name for hello in front.chosen] == ["shop.test"]
    await client.close()


async def test_a_kernel_that_wakes_us_for_old_bytes(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.proxy.client.greeting._wake_at", lambda client, size: None)
    await test_a_hello_split_in_two(front)


async def test_plain_http_on_the_tls_port_is_told_so(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client.to(front.https)
    client.writer.write(b"POST / HTTP/1.1\r\nHost: shop.test\r\n\r\n" + b"x" * 100_000)
    answer = await client.reader.read()
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b"\r\n\r\nThe plain HTTP request was sent to HTTPS port\n")
    await client.close()
    await until(lambda: front.listener.pending == 0)
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x16\x03\x01", b"\x00\x01\x02", b"SSH-2.0-OpenSSH_9.6\r\n", b"\x16\x03\x01\0\1\x01"],
    ids=["nothing", "a beginning", "binary", "ssh", "less than a header"],
)
async def test_clients_that_leave_or_talk_nonsense_make_no_noise(
    front: Front, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    client = await Client.to(front.https)
    client.writer.write(sent)
    await client.close()
    await until(lambda: front.metrics.tls_handshake_failures == 1)
    assert not caplog.records


@pytest.mark.parametrize("linger", [(0, 0), (1, 0)], ids=["FIN", "RST"])
async def test_a_handshake_broken_off_makes_no_noise(
    front: Front, caplog: pytest.LogCaptureFixture, linger: tuple[int, int]
) -> None:
    _, _, flight = handshake("shop.test")
    with socket.create_connection(front.https) as raw:
        raw.setsockopt(
            socket.SOL_SOCKET,
            socket.SO_LINGER,
            linger[0].to_bytes(4, "little") + linger[1].to_bytes(4, "little"),
        )
        raw.sendall(flight)
        await asyncio.get_running_loop().run_in_executor(None, raw.recv, 1)
    await until(lambda: front.metrics.tls_handshake_failures == 1)
    assert not caplog.records


@limited(tls_handshake_timeout=0.05)
@pytest.mark.parametrize("sent", [0, 20, None], ids=["silent", "half a hello", "no second flight"])
async def test_slow_handshakes_end(
    front: Front, limits: Limits, sent: int | None, caplog: pytest.LogCaptureFixture
) -> None:
    client = await Client.to(front.https)
    client.writer.write(handshake("shop.test")[2][:sent])
    await until_closed(client)
    assert front.metrics.tls_handshake_failures == 1
    assert not caplog.records
    await client.close()


@limited(tls_handshakes=1)
async def test_handshakes_above_the_cap_wait(front: Front, limits: Limits) -> None:
    stalled = await Client.to(front.https)
    stalled.writer.write(handshake("shop.test")[2])
    assert await until_answered(stalled)
    waiting = asyncio.ensure_future(Client.to(front.https, client_context(), "shop.test"))
    await until(lambda: front.listener.pending == 2)
    assert len(front.chosen) == 1
    await stalled.close()
    client = await waiting
    assert await client.line() == "https shop.test\n"
    await client.close()
