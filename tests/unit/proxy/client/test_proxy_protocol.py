"""PROXY headers of both versions (HAProxy's proxy-protocol.txt, sections 2.1 and 2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.proxy_headers import CLIENT, SERVER, SIGNATURE, binary, frame, line

from ingressd.proxy.client.client_hello import NeedMore
from ingressd.proxy.client.proxy_protocol import (
    MAX_LINE,
    MAX_SIZE,
    NotProxied,
    Outcome,
    ProxyHeader,
    parse_proxy_header,
)
from ingressd.routing.networks import canonical_address

LONGEST_LINE = b"PROXY UNKNOWN " + b"f" * (MAX_LINE - 16) + b"\r\n"
HEADERS = {
    "v1": (line(), CLIENT, 80),
    "v1 IPv6": (line("2001:DB8::1", 443, "::1"), "2001:db8::1", 443),
    "v1 unknown": (b"PROXY UNKNOWN\r\n", "", 0),
    "v1 unknown with addresses": (b"PROXY UNKNOWN ::1 ::1 1 2\r\n", "", 0),
    "v1 longest": (LONGEST_LINE, "", 0),
    "v2": (binary(), CLIENT, 80),
    "v2 IPv6": (binary("2001:db8::1", 443, "::1"), "2001:db8::1", 443),
    "v2 mapped": (binary("::ffff:203.0.113.7", 80, "::1"), CLIENT, 80),
    "v2 with TLVs": (binary(more=b"\x03\0\x04abcd\x20\0\0"), CLIENT, 80),
    "v2 largest": (binary(more=bytes(MAX_SIZE - 28)), CLIENT, 80),
    "v2 local": (frame(0x20, 0, b""), "", 0),
    "v2 local with addresses": (frame(0x20, 0x11, bytes(12)), "", 0),
    "v2 local of no known family": (frame(0x20, 0xF7, b"abc"), "", 0),
    "v2 unspecified": (frame(0x21, 0, b""), "", 0),
    "v2 unspecified with TLVs": (frame(0x21, 0, b"\x04\0\x01x"), "", 0),
    "v2 unix": (frame(0x21, 0x31, bytes(216)), "", 0),
    "v2 datagram": (frame(0x21, 0x12, bytes(12)), "", 0),
}
REFUSED = {
    "HTTP": b"GET / HTTP/1.1\r\n",
    "TLS": b"\x16\x03\x01\x02\0",
    "another word": b"PROXI",
    "lower case": b"proxy TCP4",
    "a space before": b" PROXY",
    "no family": b"PROXY \r\n",
    "an unknown family": b"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
    "a family too long": b"PROXY UNKNOWNS\r\n",
    "two spaces": b"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
    "a tab": b"PROXY TCP4\t1.2.3.4 1.2.3.4 1 2\r\n",
    "a space at the end": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
    "something at the end": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
    "too little": b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
    "bare LF": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
    "CR within": b"PROXY UNKNOWN \r \r\n",
    "IPv6 for IPv4": b"PROXY TCP4 ::1 ::1 1 2\r\n",
    "IPv4 for IPv6": b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
    "a mixed pair": b"PROXY TCP4 1.2.3.4 ::1 1 2\r\n",
    "an octet too large": b"PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
    "a leading zero": b"PROXY TCP4 01.2.3.4 1.2.3.4 1 2\r\n",
    "an impossible destination": b"PROXY TCP4 1.2.3.4 1.2.3 1 2\r\n",
    "a name": b"PROXY TCP4 localhost 1.2.3.4 1 2\r\n",
    "a port too large": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
    "a source port too large": b"PROXY TCP4 1.2.3.4 1.2.3.4 99999 1\r\n",
    "a port with a zero": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 080\r\n",
    "a negative port": b"PROXY TCP4 1.2.3.4 1.2.3.4 1 -1\r\n",
    "a zone": b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
    "too long a line": LONGEST_LINE[:-2] + b"f\r\n",
    "a line without end": LONGEST_LINE[:-2] + b"ff",
    "a broken signature": SIGNATURE[:-1] + b"\r",
    "version 1 in binary": frame(0x11, 0x11, bytes(12)),
    "version 3": frame(0x31, 0x11, bytes(12)),
    "an unknown command": frame(0x22, 0x11, bytes(12)),
    "an unknown v2 family": frame(0x21, 0x41, bytes(216)),
    "an unknown v2 transport": frame(0x21, 0x13, bytes(12)),
    "shorter than IPv4": frame(0x21, 0x11, bytes(11)),
    "shorter than IPv6": frame(0x21, 0x21, bytes(35)),
    "shorter than unix": frame(0x21, 0x31, bytes(215)),
    "too large": frame(0x21, 0x11, bytes(MAX_SIZE - 15)),
    "local, but too large": frame(0x20, 0, b"")[:-2] + b"\xff\xff",
}


@pytest.mark.parametrize(("header", "source", "port"), HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("rest", [b"", b"GET / HTTP/1.1\r\n\r\n", SIGNATURE, b"\n"])
def test_what_a_header_says(header: bytes, source: str, port: int, rest: bytes) -> None:
    assert parse_proxy_header(header + rest) == ProxyHeader(len(header), source, port)


@pytest.mark.parametrize("header", [header for header, _, _ in HEADERS.values()], ids=HEADERS)
def test_a_beginning_needs_more_and_never_more_than_there_is(header: bytes) -> None:
    for end in range(len(header)):
        outcome = parse_proxy_header(header[:end])
        assert isinstance(outcome, NeedMore)
        assert end < outcome.size <= max(len(header), 16)


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_header_is_refused(sent: bytes) -> None:
    assert isinstance(parse_proxy_header(sent), NotProxied)


@pytest.mark.parametrize("sent", [b"G", b"PR0", b"PROXY\t", SIGNATURE[:5] + b"\n"])
def test_it_is_refused_by_its_first_wrong_byte(sent: bytes) -> None:
    assert isinstance(parse_proxy_header(sent), NotProxied)


ADDRESSES = st.ip_addresses(v=4) | st.ip_addresses(v=6)
PORTS = st.integers(0, 65535)


@given(ADDRESSES, PORTS, st.binary(max_size=64), st.binary(max_size=32))
def test_every_address_is_read_back(source: object, port: int, more: bytes, rest: bytes) -> None:
    text = str(source)
    own = "::1" if ":" in text else SERVER
    for header in (line(text, port, own), binary(text, port, own, more=more)):
        expected = ProxyHeader(len(header), canonical_address(text) or "", port)
        assert parse_proxy_header(header + rest) == expected


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good header of which some bytes are others, missing or more."""
    header = bytearray(draw(st.sampled_from([header for header, _, _ in HEADERS.values()])))
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(header) - 1))
        header[at : at + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
        header = header or bytearray(b"P")
    return bytes(header)


@given(mutated() | st.binary(max_size=200) | st.binary(max_size=40).map(SIGNATURE.__add__))
def test_no_bytes_make_it_raise_or_read_past_their_end(sent: bytes) -> None:
    outcome: Outcome = parse_proxy_header(sent)
    if isinstance(outcome, ProxyHeader):
        assert outcome.size <= len(sent)
        assert parse_proxy_header(sent[: outcome.size]) == outcome
        assert outcome.source == "" or canonical_address(outcome.source) == outcome.source
    elif isinstance(outcome, NeedMore):
        assert len(sent) < outcome.size <= MAX_SIZE
