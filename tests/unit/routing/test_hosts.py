from __future__ import annotations

import pytest

from ingressd.routing.hosts import is_wildcard, normalise_host, wildcard_of


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("kubia.example.com", "kubia.example.com"),
        ("Kubia.EXAMPLE.com", "kubia.example.com"),
        ("kubia.example.com:8080", "kubia.example.com"),
        ("kubia.example.com:", "kubia.example.com"),
        ("kubia.example.com.", "kubia.example.com"),
        ("kubia.example.com.:443", "kubia.example.com"),
        ("localhost", "localhost"),
        ("under_score.example.com", "under_score.example.com"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("[2001:DB8::1]:8443", "[2001:db8::1]"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a~b!c.example", "a~b!c.example"),
        ("", ""),
        (":80", ""),
    ],
)
def test_normalises(text: str, name: str) -> None:
    assert normalise_host(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "a b.example.com",
        "a/b",
        "a\\b",
        "user@example.com",
        "example.com:http",
        "example.com:80:80",
        "example.com\n",
        "example..com",
        "example.com..",
        ".example.com",
        ".",
        "[::1",
        "[::g]",
        "[fe80::1%25eth0]",
        "::1",
        "bücher.example",
        "a%zz",
        "a,b c",
    ],
)
def test_refuses(text: str) -> None:
    assert normalise_host(text) is None


@pytest.mark.parametrize(
    ("name", "wildcard"),
    [("a.b.c", "*.b.c"), ("b.c", "*.c"), ("localhost", ""), ("", "")],
)
def test_the_wildcard_of_a_name_replaces_one_label(name: str, wildcard: str) -> None:
    assert wildcard_of(name) == wildcard


def test_tells_wildcards_from_names() -> None:
    assert is_wildcard("*.example.com")
    assert not is_wildcard("example.com")
