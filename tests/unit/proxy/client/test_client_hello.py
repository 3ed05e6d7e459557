from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.client.client_hello import (
    MAX_SIZE,
    ClientHello,
    NeedMore,
    NotTls,
    parse_client_hello,
)


def hello_of(server_name: str | None, *, alpn: tuple[str, ...] = (), newest: int = 0x304) -> bytes:
    """The bytes with which OpenSSL greets a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.maximum_version = ssl.TLSVersion(newest)
    if alpn:
        context.set_alpn_protocols(alpn)
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=server_name)
    with pytest.raises(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


def hello_naming(server_name: bytes) -> bytes:
    """A minimal ClientHello of TLS 1.2 with any bytes as its server name."""
    entry = b"\0" + len(server_name).to_bytes(2) + server_name
    names = len(entry).to_bytes(2) + entry
    extension = b"\0\0" + len(names).to_bytes(2) + names
    body = (
        b"\x03\x03"
        + bytes(32)
        + b"\0"
        + b"\0\x02\xc0\x2f"
        + b"\x01\0"
        + len(extension).to_bytes(2)
        + extension
    )
    return records(b"\x01" + len(body).to_bytes(3) + body)


def records(message: bytes, size: int = 16384) -> bytes:
    """The handshake message in records of at most ``size`` bytes."""
    fragments = (message[start : start + size] for start in range(0, len(message), size))
    return b"".join(b"\x16\x03\x01" + len(part).to_bytes(2) + part for part in fragments)


def test_what_openssl_sends_is_read() -> None:
    hello = parse_client_hello(hello_of("Shop.Example.COM", alpn=("h2", "http/1.1")))
    assert isinstance(hello, ClientHello)
    assert hello.server_name == "shop.example.com"


def test_a_client_of_tls_1_2_without_a_name() -> None:
    hello = parse_client_hello(hello_of(None, newest=0x303))
    assert hello == ClientHello()


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"kubia.example.com", "kubia.example.com"),
        (b"KUBIA.example.com.", "kubia.example.com"),
        (b"_dmarc.example.com", "_dmarc.example.com"),
        (b"xn--bcher-kva.example", "xn--bcher-kva.example"),
        (b"localhost", "localhost"),
        (b"10.0.0.1", None),
        (b"::1", None),
        (b"", None),
        (b".", None),
        (b"a..b", None),
        (b"-a.example", None),
        (b"a\0.example.com", None),
        (b"*.example.com", None),
        (b"b\xc3\xbccher.example", None),
        (b"a.example\n", None),
        (b"a" * 64 + b".example", None),
        (b".".join([b"a" * 60] * 5), None),
    ],
)
def test_the_server_name_is_normalised_or_nothing(sent: bytes, expected: str | None) -> None:
    hello = parse_client_hello(hello_naming(sent))
    assert isinstance(hello, ClientHello)
    assert hello.server_name == expected


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_a_hello_in_many_records(size: int) -> None:
    message = hello_naming(b"kubia.example.com")[5:]
    hello = parse_client_hello(records(message, size))
    assert isinstance(hello, ClientHello)
    assert hello.server_name == "kubia.example.com"


@pytest.mark.parametrize("size", [1, 60, 16384])
def test_every_beginning_asks_for_more_than_it_is(size: int) -> None:
    whole = records(hello_naming(b"kubia.example.com")[5:], size)
    for length in range(len(whole)):
        outcome = parse_client_hello(whole[:length])
        assert isinstance(outcome, NeedMore)
        assert length < outcome.size <= len(whole)


def test_what_follows_the_hello_does_not_matter() -> None:
    whole = hello_naming(b"a.test")
    assert parse_client_hello(whole + b"\x14\x03\x03 anything") == parse_client_hello(whole)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "not a handshake"),
        (b"\x16\x02", "unknown version"),
        (b"\x16\x03\x01\x00\x00", "impossible length"),
        (b"\x16\x03\x01\xff\xff", "impossible length"),
        (b"\x16\x03\x01\x00\x04\x02\x00\x00\x00", "not a ClientHello"),
        (b"\x16\x03\x01\x00\x04\x01\xff\xff\xff", "too large"),
        (records(b"\x01" + (9000).to_bytes(3) + bytes(9000), 1)[:MAX_SIZE], "too large"),
        (records(b"\x01\x00\x00\x02\x03\x03"), "malformed"),
        (hello_naming(b"a.test").replace(b"\x00\x06a.test", b"\x00\x07a.test"), "malformed"),
    ],
)
def test_what_is_no_hello_is_refused_with_a_reason(sent: bytes, reason: str) -> None:
    outcome = parse_client_hello(sent)
    assert isinstance(outcome, NotTls)
    assert reason in outcome.reason


@given(st.binary(max_size=600))
def test_no_bytes_raise(sent: bytes) -> None:
    assert isinstance(parse_client_hello(sent), ClientHello | NeedMore | NotTls)


_WHOLE = hello_of("kubia.example.com", alpn=("h2", "http/1.1"))


@given(
    st.lists(st.tuples(st.integers(0, len(_WHOLE) - 1), st.integers(0, 255)), max_size=8),
    st.integers(0, len(_WHOLE)),
)
def test_no_damage_raises(changes: list[tuple[int, int]], length: int) -> None:
    damaged = bytearray(_WHOLE)
    for position, value in changes:
        damaged[position] = value
    assert isinstance(parse_client_hello(bytes(damaged[:length])), ClientHello | NeedMore | NotTls)
