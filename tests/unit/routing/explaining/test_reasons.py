from __future__ import annotations

import pytest
from support.routes import route

from ingressd.routing.explaining.reasons import (
    describe_host,
    is_below,
    why_host_loses,
    why_host_wins,
    why_route_loses,
    why_route_misses,
    why_route_wins,
)
from ingressd.routing.model import CATCH_ALL


@pytest.mark.parametrize(
    ("rule", "path", "reason"),
    [
        (
            "Exact /foo",
            "/foo/x",
            "Exact /foo only matches /foo itself, the request asks for /foo/x",
        ),
        (
            "Exact /foo",
            "/foo/",
            "Exact /foo is not /foo/: a trailing slash counts in an Exact path",
        ),
        ("Exact /foo", "/bar", "Exact /foo is not /bar"),
        ("Exact /Foo", "/foo", "paths are case-sensitive: /Foo is not the /foo asked for"),
        (
            "Prefix /foo",
            "/foobar",
            "/foo is compared element by element: /foobar is not below it",
        ),
        (
            "Prefix /foo/bar",
            "/foo",
            "/foo/bar is longer than what is asked for: /foo is above it, not below",
        ),
        ("Prefix /foo", "/bar", "/bar is not at or below /foo"),
        ("Prefix /Foo", "/foo/x", "paths are case-sensitive: /Foo is not the /foo/x asked for"),
        ("Regex /fo+$", "/bar", "the pattern does not match /bar from its start"),
    ],
)
def test_why_a_route_misses(rule: str, path: str, reason: str) -> None:
    assert why_route_misses(route(*rule.split()), path) == reason


@pytest.mark.parametrize(
    ("loser", "winner", "reason"),
    [
        ("Prefix /foo", "Prefix /foo/bar", "/foo is a shorter prefix than /foo/bar"),
        (
            "Prefix /foo",
            "Exact /foo/bar",
            "Exact /foo/bar is /foo/bar itself, which beats every prefix and pattern",
        ),
        (
            "Prefix /foo",
            "Prefix /foo/",
            "/foo and /foo/ take the same paths; the longer text goes first",
        ),
        (
            "Prefix /foo",
            "Prefix /foo",
            "the same path stands in default/web already, which comes first",
        ),
        ("Regex /fo", "Regex /foo", "it matches too, but the pattern /foo stands before it"),
        ("Prefix /", "Regex /foo", "the pattern /foo matches, and patterns come before prefixes"),
    ],
)
def test_why_a_route_that_matches_loses(loser: str, winner: str, reason: str) -> None:
    beaten, best = route(*loser.split()), route(*winner.split())
    assert why_route_loses(beaten, best, "/foo/bar", is_fallback=False) == reason


def test_the_default_backend_comes_last() -> None:
    fallback = route("Prefix", "/")
    assert why_route_loses(fallback, route("Prefix", "/foo"), "/foo", is_fallback=True) == (
        "the default backend only gets what no path takes"
    )
    assert why_route_wins(fallback, "/bar", is_fallback=True) == (
        "no path of the host takes /bar: this is its default backend"
    )


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("Exact /foo", "Exact /foo is the path asked for"),
        ("Prefix /foo", "Prefix /foo is the longest path that takes /foo"),
        ("Prefix /", "Prefix / takes every path, and no longer path takes this one"),
        ("Regex /fo+", "the first pattern of the host that matches /foo from its start"),
    ],
)
def test_why_a_route_wins(rule: str, reason: str) -> None:
    assert why_route_wins(route(*rule.split()), "/foo", is_fallback=False) == reason


@pytest.mark.parametrize(
    ("host", "name", "reason"),
    [
        (
            "*.foo.com",
            "a.foo.com",
            "host a.foo.com is more specific than *.foo.com",
        ),
        (
            "*.foo.com",
            "b.a.foo.com",
            'host *.foo.com covers exactly one label, and "b.a" is more than one',
        ),
        (
            "*.foo.com",
            "foo.com",
            'host *.foo.com covers exactly one label before ".foo.com", and foo.com has none there',
        ),
        (
            CATCH_ALL,
            "a.foo.com",
            "rules without a host only take what no other host covers, and a.foo.com does",
        ),
    ],
)
def test_why_a_host_loses(host: str, name: str, reason: str) -> None:
    assert why_host_loses(host, name, "a.foo.com") == reason


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("a.foo.com", "it is the host asked for"),
        (
            "*.foo.com",
            '*.foo.com covers exactly one label, here "a", and no rule names a.foo.com itself',
        ),
        (CATCH_ALL, "no rule names a.foo.com: rules without a host take it"),
    ],
)
def test_why_a_host_wins(host: str, reason: str) -> None:
    assert why_host_wins(host, "a.foo.com") == reason


def test_the_catch_all_has_a_name_to_show() -> None:
    assert describe_host(CATCH_ALL) == "(any host)"


def test_below_goes_by_elements() -> None:
    assert is_below("/a/b", "/a/")
    assert is_below("/a", "/a/")
    assert not is_below("/ab", "/a")
