"""Addresses against networks, compared with Python's own ipaddress module."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingressd.routing.networks import Networks, canonical_address

ADDRESSES = st.ip_addresses(v=4) | st.ip_addresses(v=6)
NEAR_ADDRESSES = st.text(alphabet="0123456789abcdefF:.%/[] +_x\u0660", max_size=48)


def python_canonical(text: str) -> str | None:
    """What ipaddress makes of a text; zones are not ours."""
    if "%" in text or len(text) > 45:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


@given(ADDRESSES)
def test_every_address_is_read(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    expected = python_canonical(str(address))
    for text in (str(address), address.exploded, str(address).upper()):
        assert canonical_address(text) == expected


@given(NEAR_ADDRESSES | st.text())
def test_what_is_no_address_is_none(text: str) -> None:
    assert canonical_address(text) == python_canonical(text)
    assert not (python_canonical(text) is None and Networks(["0.0.0.0/0", "::/0"]).contains(text))


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256", " 1.2.3.4", "1.2.3.4\n", "1.2.3.4:80",
     ":", ":::", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8:9",
     "1:2:3:4:5:6:7:8::", "12345::", "::1.2.3", "1.2.3.4::", "::1.2.3.4:5", "fe80::1%eth0",
     "[::1]", "+1::", "1_0::", "\u0661.2.3.4"],
)  # fmt: skip
def test_malformed_addresses(text: str) -> None:
    assert canonical_address(text) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:a00:1", "10.0.0.1"), ("::10.0.0.1", "::a00:1"),
     ("2001:DB8:0:0:0::1", "2001:db8::1"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304")],
)  # fmt: skip
def test_one_way_to_write_an_address(text: str, canonical: str) -> None:
    assert canonical_address(text) == canonical


@given(st.lists(st.tuples(ADDRESSES, st.integers(0, 128)), max_size=6), ADDRESSES)
def test_networks_hold_what_ipaddress_says(
    drawn: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]],
    asked: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    asked = getattr(asked, "ipv4_mapped", None) or asked
    networks = [
        ipaddress.ip_network(f"{address}/{min(length, address.max_prefixlen)}", strict=False)
        for address, length in drawn
        if not getattr(address, "ipv4_mapped", None)
    ]
    found = Networks(map(str, networks))
    for address in (asked, *(edge for each in networks for edge in (each[0], each[-1]))):
        address = getattr(address, "ipv4_mapped", None) or address
        assert found.contains(str(address)) == any(address in each for each in networks)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("10.1.2.3/8", "10.9.9.9", "9.255.255.255"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ("10.0.0.0/8", "::ffff:10.0.0.1", "::a00:1"),
        ("::ffff:10.0.0.0/104", "10.2.3.4", "11.2.3.4"),
        ("2001:db8::/32", "2001:DB8::1", "2001:db9::"),
        ("::1", "0:0:0:0:0:0:0:1", "::2"),
        ("::/0", "2001:db8::1", "192.0.2.1"),
        ("0.0.0.0/0", "192.0.2.1", "2001:db8::1"),
    ],
)
def test_inside_and_outside(network: str, inside: str, outside: str) -> None:
    networks = Networks([network])
    assert networks.contains(inside)
    assert not networks.contains(outside)


@pytest.mark.parametrize(
    "text",
    ["", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/255.0.0.0", "10.0.0.0/8 ",
     "::/129", "::ffff:10.0.0.0/90", "10.0.0.0/8/8", "example.com", "10.0.0.0/\u0668"],
)  # fmt: skip
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|prefix"):
        Networks([text])


SMALL = st.lists(
    st.builds("10.0.0.{}/{}".format, st.integers(0, 255), st.integers(24, 32))
    | st.builds("::{:x}/{}".format, st.integers(0, 255), st.integers(120, 128)),
    max_size=4,
)
EVERY = [*(f"10.0.0.{number}" for number in range(256)), *(f"::{n:x}" for n in range(256))]


@given(SMALL, SMALL)
@example(["10.0.0.128/25"], ["10.0.0.0/24"])
@example(["10.0.0.0/25"], ["10.0.0.0/24"])
@example(["10.0.0.0/25", "10.0.0.128/25"], ["10.0.0.0/24"])
def test_sets_are_compared_address_by_address(some: list[str], others: list[str]) -> None:
    one, other = Networks(some), Networks(others)
    both = one.overlap(other)
    inside = [address for address in EVERY if other.contains(address)]
    common = [address for address in inside if one.contains(address)]
    assert [address for address in EVERY if both.contains(address)] == common
    assert one.covers(other) == (common == inside)


def test_no_networks_hold_nothing() -> None:
    assert not Networks()
    assert not Networks().contains("10.0.0.1")
    assert Networks(["10.0.0.1"])
