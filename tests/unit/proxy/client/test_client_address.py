"""Which proxies are believed, and what they are believed to say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from ingressd.proxy.client.client_address import Trust
from ingressd.proxy.client.forwarded import Visitor
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.headers import split_request
from ingressd.routing.global_policy import ClientAddress
from ingressd.routing.networks import canonical_address

TRUSTED = ("10.0.0.0/8", "2001:db8::/32")
FIELDS = ClientAddress(forwarded_headers=True, trusted=TRUSTED)
PEER = "10.0.0.1"


def asked(*fields: tuple[bytes, bytes], policy: ClientAddress = FIELDS) -> Visitor:
    """Who asks with these fields through PEER, on a plain connection."""
    trust = Trust(policy, 8080)
    _, managed = split_request(fields)
    return trust.visitor(trust.arrival(PEER, "http", None), fields, managed)


def client_of(*addresses: bytes, policy: ClientAddress = FIELDS) -> str:
    return asked(*((b"x-forwarded-FOR", each) for each in addresses), policy=policy).remote


def lines(visitor: Visitor) -> dict[str, str]:
    pairs = (line.partition(": ") for line in visitor.forwarded.decode("latin-1").splitlines())
    return {name: value for name, _, value in pairs}


@pytest.mark.parametrize(
    ("addresses", "client"),
    [
        ([], PEER),
        ([b""], PEER),
        ([b" , ,"], PEER),
        ([b"192.0.2.1"], "192.0.2.1"),
        ([b"6.6.6.6, 192.0.2.1"], "192.0.2.1"),
        ([b"6.6.6.6, 192.0.2.1, 10.0.0.9"], "192.0.2.1"),
        ([b"6.6.6.6,192.0.2.1 ,\t10.0.0.9,"], "192.0.2.1"),
        ([b"6.6.6.6", b"192.0.2.1, 10.1.1.1", b"10.0.0.9"], "192.0.2.1"),
        ([b"10.3.3.3, 10.2.2.2"], "10.3.3.3"),
        ([b"192.0.2.1:4711"], "192.0.2.1"),
        ([b"192.0.2.1, [2001:db8::5]:80"], "192.0.2.1"),
        ([b"[2A00::1]"], "2a00::1"),
        ([b"2a00:0::0:1"], "2a00::1"),
        ([b"192.0.2.1, ::ffff:10.0.0.9"], "192.0.2.1"),
        ([b"::ffff:192.0.2.1"], "192.0.2.1"),
        ([b"6.6.6.6, unknown, 10.0.0.9"], "10.0.0.9"),
    ],
)  # fmt: skip
def test_the_right_most_address_that_is_not_believed_is_the_client(
    addresses: list[bytes], client: str
) -> None:
    assert client_of(*addresses) == client


@pytest.mark.parametrize(
    "malformed",
    [b"unknown", b"_hidden", b'"192.0.2.1"', b"'192.0.2.1'", b"for=192.0.2.1", b"fe80::1%eth0",
     b"[2a00::1", b"2a00::1]", b"[]", b"192.0.2", b"192.0.2.1:", b"192.0.2.1:port", b"192.0.2.256",
     b"192.0.2.1 192.0.2.2", b"192.0.2.1;", b"localhost", b"\xff\xfe", b"1" * 5000,
     b"[::1]:123456",
     b"192.0.2.1:0", b"192.0.2.1:65536", b"01.2.3.4"],
)  # fmt: skip
def test_what_is_malformed_counts_as_absent_and_so_does_all_before_it(malformed: bytes) -> None:
    assert client_of(malformed) == PEER
    assert client_of(b"6.6.6.6, " + malformed) == PEER


def test_another_field_may_name_the_client() -> None:
    policy = ClientAddress(forwarded_headers=True, trusted=TRUSTED, header="CF-Connecting-IP")
    fields = ((b"X-Forwarded-For", b"6.6.6.6"), (b"cf-connecting-ip", b"192.0.2.1"))
    assert asked(*fields, policy=policy).remote == "192.0.2.1"
    assert asked(fields[0], policy=policy).remote == PEER


def test_what_the_pod_is_told_of_the_client() -> None:
    visitor = asked(
        (b"X-Forwarded-For", b"6.6.6.6, 192.0.2.1"),
        (b"X-Forwarded-Proto", b"HTTPS, http"),
        (b"X-Forwarded-Port", b"8443, 80"),
        (b"X-Forwarded-Host", b"Shop.test:8443, inner.test"),
    )
    assert lines(visitor) == {
        "X-Real-IP": "192.0.2.1", "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Port": "8443",
        "X-Forwarded-Proto": "https", "X-Forwarded-Scheme": "https", "X-Scheme": "https",
    }  # fmt: skip
    assert (visitor.scheme, visitor.authority, visitor.host) == (
        "https", b"Shop.test:8443", "shop.test",
    )  # fmt: skip


def test_nothing_is_told_that_was_not_said() -> None:
    trust = Trust(FIELDS, 8080)
    assert asked() == trust.arrival(PEER, "http", None)


def test_a_port_follows_from_the_scheme() -> None:
    assert lines(asked((b"X-Forwarded-Proto", b"https")))["X-Forwarded-Port"] == "443"


@pytest.mark.parametrize(("scheme", "port"), [("http", "8080"), ("https", "443")])
def test_a_scheme_may_be_any_word_and_has_no_port_of_its_own(scheme: str, port: str) -> None:
    raw = ((b"X-Forwarded-Proto", b"myProto, https"),)
    trust = Trust(FIELDS, 8080)
    visitor = trust.visitor(trust.arrival(PEER, scheme, None), raw, split_request(raw)[1])
    told = lines(visitor)
    assert visitor.scheme == "myProto"
    assert {told[f"X-{name}"] for name in ("Forwarded-Proto", "Forwarded-Scheme", "Scheme")} == {
        "myProto"
    }
    assert told["X-Forwarded-Port"] == port


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (b"X-Forwarded-Proto", b""),
        (b"X-Forwarded-Proto", b"https:"),
        (b"X-Forwarded-Proto", b"my proto"),
        (b"X-Forwarded-Proto", b"p\xe9"),
        (b"X-Forwarded-Proto", b"p" * 33),
        (b"X-Forwarded-Port", b"0"),
        (b"X-Forwarded-Port", b"65536"),
        (b"X-Forwarded-Port", b"080"),
        (b"X-Forwarded-Port", b"-1"),
        (b"X-Forwarded-Port", b"9" * 5000),
        (b"X-Forwarded-Host", b"a b"),
        (b"X-Forwarded-Host", b"evil.test/path"),
        (b"X-Forwarded-Host", b"user@evil.test"),
        (b"X-Forwarded-Host", b"a.test:99999"),
        (b"X-Forwarded-Host", b", a.test"),
        (b"X-Forwarded-Host", b"\xff"),
    ],
)
def test_malformed_fields_count_as_absent(name: bytes, value: bytes) -> None:
    assert asked((name, value)) == asked()


REAL_IP = ClientAddress(real_ip=True, trusted=TRUSTED)


def test_of_a_real_address_alone_nothing_else_is_believed() -> None:
    said = [
        (b"X-Forwarded-For", b"6.6.6.6, 192.0.2.1"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X-Forwarded-Port", b"8443"),
        (b"X-Forwarded-Host", b"shop.test"),
    ]
    assert asked(*said, policy=REAL_IP) == asked(said[0])
    every = structs.replace(REAL_IP, append=True)
    assert asked(*said, policy=every) == asked(said[0]), "ingress-nginx appends to believed ones"
    named = structs.replace(REAL_IP, header="CF-Connecting-IP")
    assert asked((b"CF-Connecting-IP", b"192.0.2.1"), policy=named) == asked(said[0])


def test_the_whole_way_may_be_told() -> None:
    policy = ClientAddress(forwarded_headers=True, trusted=TRUSTED, append=True)
    way = lines(asked((b"X-Forwarded-For", b"6.6.6.6"), (b"X-Forwarded-For", b"x"), policy=policy))
    assert way["X-Forwarded-For"] == f"6.6.6.6, x, {PEER}"
    assert way["X-Real-IP"] == PEER
    assert lines(asked(policy=policy))["X-Forwarded-For"] == PEER


@pytest.mark.parametrize(("addresses", "is_kept"), [(b"192.0.2.1", True), (b"1" * 600, False)])
def test_visitors_are_remembered_but_not_what_would_fill_memory(
    addresses: bytes, is_kept: bool
) -> None:
    trust = Trust(FIELDS, 80)
    sender = trust.arrival(PEER, "http", None)
    fields = {b"x-forwarded-for": addresses}
    first, second = (trust.visitor(sender, (), fields) for _ in range(2))
    assert first == second
    assert (first is second) == is_kept


@pytest.mark.parametrize(
    ("policy", "peer", "is_believed"),
    [
        (FIELDS, "10.9.9.9", True),
        (FIELDS, "2001:db8::1", True),
        (FIELDS, "192.0.2.1", False),
        (FIELDS, "", False),
        (REAL_IP, "10.9.9.9", True),
        (REAL_IP, "192.0.2.1", False),
        (structs.replace(REAL_IP, proxy_protocol=True), "10.9.9.9", False),
        (ClientAddress(forwarded_headers=True), "10.9.9.9", False),
        (ClientAddress(trusted=TRUSTED), "10.9.9.9", False),
        (ClientAddress(proxy_protocol=True, trusted=TRUSTED), "10.9.9.9", False),
    ],
)
def test_whose_fields_are_believed(policy: ClientAddress, peer: str, is_believed: bool) -> None:
    assert Trust(policy, 80).believes(peer) == is_believed


@pytest.mark.parametrize(
    ("trusted", "header", "remote", "scheme"),
    [
        ((), ProxyHeader(50, "192.0.2.1", 80), "192.0.2.1", "http"),
        ((), ProxyHeader(50, "192.0.2.1", 443), "192.0.2.1", "https"),
        (TRUSTED, ProxyHeader(50, "192.0.2.1", 443), "192.0.2.1", "https"),
        (("10.7.0.0/16",), ProxyHeader(50, "192.0.2.1", 443), PEER, "http"),
        ((), ProxyHeader(16), PEER, "http"),
        ((), None, PEER, "http"),
    ],
)
def test_whom_a_proxy_header_brings(
    trusted: tuple[str, ...], header: ProxyHeader | None, remote: str, scheme: str
) -> None:
    policy = ClientAddress(proxy_protocol=True, trusted=trusted)
    arrival = Trust(policy, 80).arrival(PEER, "http", header)
    assert (arrival.remote, arrival.scheme) == (remote, scheme)
    assert lines(arrival)["X-Real-IP"] == remote
    assert lines(arrival)["X-Forwarded-Port"] == ("443" if scheme == "https" else "80")


NAMES = st.sampled_from(
    [b"X-Forwarded-For", b"X-Forwarded-Proto", b"X-Forwarded-Port", b"X-Forwarded-Host"]
)
VALUES = st.binary(max_size=40) | st.text('0123456789abf.:,[]% "', max_size=40).map(str.encode)


@given(st.lists(st.tuples(NAMES, VALUES.map(lambda raw: raw.translate(None, b"\r\n\0")))))
def test_no_fields_make_it_raise_or_tell_a_pod_another_field(
    fields: list[tuple[bytes, bytes]],
) -> None:
    policy = ClientAddress(forwarded_headers=True, trusted=TRUSTED, append=True)
    visitor = asked(*fields, policy=policy)
    assert canonical_address(visitor.remote) == visitor.remote
    assert re.fullmatch(r"[-!#$%&'*+.^`|~\w]+", visitor.scheme, re.ASCII)
    assert visitor.forwarded.count(b"\r\n") == visitor.forwarded.count(b"\n") == 6
