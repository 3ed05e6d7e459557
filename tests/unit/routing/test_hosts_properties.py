"""A host means the same in every way to write it, and nothing odd comes through."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.hosts import is_wildcard, normalise_host, wildcard_of

LABELS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
ANYTHING = st.text(st.sampled_from("aZ09.-_:[]%/@ \t\\?#é\0*"), max_size=12) | st.text(max_size=9)


@given(NAMES, st.sampled_from(["", ".", ":80", ".:443", ":"]), st.booleans())
def test_case_port_and_trailing_dot_do_not_matter(name: str, tail: str, upper: bool) -> None:
    assert normalise_host((name.upper() if upper else name) + tail) == name.lower()


@given(ANYTHING)
def test_is_idempotent_and_lets_nothing_odd_through(text: str) -> None:
    host = normalise_host(text)
    if host is not None:
        assert normalise_host(host) == host
        assert not re.search(r"[\s/@\\?#\0A-Z]", host) and host.isascii()
        assert ".." not in host and not host.startswith(".")


@given(st.integers(0, (1 << 128) - 1).map(IPv6Address))
def test_every_ipv6_literal_is_a_host(address: IPv6Address) -> None:
    for text in (str(address), address.exploded.upper()):
        assert normalise_host(f"[{text}]:8080") == f"[{text.lower()}]"
        assert normalise_host(text) is None


@given(NAMES)
def test_a_wildcard_covers_exactly_one_label(name: str) -> None:
    wildcard = wildcard_of(name)
    assert is_wildcard(wildcard) == ("." in name)
    assert wildcard_of(f"x.{name}") == f"*.{name}"
    assert wildcard != f"*.{name}"
