from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.routes import host, route

from ingressd.routing.matcher import Matcher
from ingressd.routing.model import Host, PathKind, Route


def matched(paths: list[str], path: str) -> str | None:
    """The rule that takes a path, written as it was given; None for no match."""
    found = Matcher(host(*paths), lambda route: f"{route.kind.value} {route.path}").match(path)
    return None if found is None else found.target


@pytest.mark.parametrize(
    ("rules", "path", "taken_by"),
    [
        (["Prefix /"], "/", "Prefix /"),
        (["Prefix /"], "/any/path", "Prefix /"),
        (["Exact /foo"], "/foo", "Exact /foo"),
        (["Exact /foo"], "/bar", None),
        (["Exact /foo"], "/foo/", None),
        (["Exact /foo/"], "/foo", None),
        (["Prefix /foo"], "/foo", "Prefix /foo"),
        (["Prefix /foo"], "/foo/", "Prefix /foo"),
        (["Prefix /foo/"], "/foo", "Prefix /foo/"),
        (["Prefix /foo/"], "/foo/", "Prefix /foo/"),
        (["Prefix /aaa/bb"], "/aaa/bbb", None),
        (["Prefix /aaa/bbb"], "/aaa/bbb", "Prefix /aaa/bbb"),
        (["Prefix /aaa/bbb/"], "/aaa/bbb", "Prefix /aaa/bbb/"),
        (["Prefix /aaa/bbb"], "/aaa/bbb/", "Prefix /aaa/bbb"),
        (["Prefix /aaa/bbb"], "/aaa/bbb/ccc", "Prefix /aaa/bbb"),
        (["Prefix /aaa/bbb"], "/aaa/bbbxyz", None),
        (["Prefix /", "Prefix /aaa"], "/aaa/ccc", "Prefix /aaa"),
        (["Prefix /", "Prefix /aaa", "Prefix /aaa/bbb"], "/aaa/bbb", "Prefix /aaa/bbb"),
        (["Prefix /", "Prefix /aaa", "Prefix /aaa/bbb"], "/ccc", "Prefix /"),
        (["Prefix /aaa"], "/ccc", None),
        (["Prefix /foo", "Exact /foo"], "/foo", "Exact /foo"),
    ],
)
def test_rows_of_the_kubernetes_path_table(
    rules: list[str], path: str, taken_by: str | None
) -> None:
    assert matched(rules, path) == taken_by


@pytest.mark.parametrize(
    ("rules", "path", "taken_by"),
    [
        (["Prefix /foo"], "/foobar", None),
        (["Prefix /foo"], "/FOO", None),
        (["Exact /"], "/", "Exact /"),
        (["Exact /"], "/x", None),
        (["Exact /foo", "Prefix /"], "/foo/", "Prefix /"),
        (["Prefix /foo", "Prefix /foo/"], "/foo", "Prefix /foo/"),
        (["Exact /foo/bar", "Prefix /foo"], "/foo/bar/", "Prefix /foo"),
        (["Prefix /a"], "/" + "b/" * 5000, None),
        (["Prefix /a"], "/" + "a/" * 5000, "Prefix /a"),
        ([], "/", None),
    ],
)
def test_further_paths(rules: list[str], path: str, taken_by: str | None) -> None:
    assert matched(rules, path) == taken_by


def test_patterns_go_in_the_order_of_the_host() -> None:
    rules = ["Regex /foo/[0-9]+", "Regex /fo+", "Regex /"]
    assert matched(rules, "/FOO/42") == "Regex /foo/[0-9]+"
    assert matched(rules, "/foooo") == "Regex /fo+"
    assert matched(rules, "/x/foo") == "Regex /"


def test_a_pattern_gives_its_groups() -> None:
    found = Matcher(host("Regex /foo(/|$)(.*)"), id).match("/foo/bar")
    assert found is not None
    assert found.groups is not None
    assert found.groups[2] == "bar"


def test_the_fallback_takes_what_no_path_takes() -> None:
    matcher = Matcher(host("Prefix /foo", "default"), lambda route: route.backend)
    found = matcher.match("/bar")
    assert found is not None
    assert found.target is not None
    assert found.target.service == "fallback"


def test_the_fallback_costs_nothing_until_it_is_asked_for() -> None:
    bound: list[str] = []
    matcher = Matcher(host("Prefix /foo", "default"), lambda route: bound.append(route.path))
    matcher.match("/foo")
    assert bound == ["/foo"]
    assert matcher.match("/bar") is matcher.match("/bar")
    assert len(bound) == 2


def test_walk_yields_every_match_best_first() -> None:
    rules = ["Prefix /", "Prefix /a", "Exact /a/b", "Prefix /a/b", "Prefix /a/bc", "default"]
    walk = Matcher(host(*rules), lambda route: f"{route.kind.value} {route.path}").walk("/a/b")
    assert [match.target for match in walk] == [
        "Exact /a/b",
        "Prefix /a/b",
        "Prefix /a",
        "Prefix /",
        "Prefix /",
    ]


def test_a_broken_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        Matcher(host("Regex /("), id)


ELEMENTS = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=4).map("/".join)
PATHS = st.builds(
    lambda path, slash: f"/{path}{slash if path else ''}", ELEMENTS, st.sampled_from(["", "/"])
)
ROUTES = st.builds(route, st.sampled_from(["Exact", "Prefix", "Regex"]), PATHS)


def naive_walk(routes: tuple[Route, ...], path: str) -> list[Route]:
    """The definition: by kind, longest text first, compared element by element."""
    kinds = [PathKind.EXACT, PathKind.REGEX, PathKind.PREFIX]
    taking = [route for route in routes if naively_takes(route, path)]
    return sorted(
        taking,
        key=lambda route: (
            kinds.index(route.kind),
            -len(route.path) if route.kind is PathKind.PREFIX else 0,
        ),
    )


def naively_takes(route: Route, path: str) -> bool:
    if route.kind is PathKind.EXACT:
        return path == route.path
    if route.kind is PathKind.REGEX:
        return path.startswith(route.path)
    asked = path.rstrip("/").split("/")
    mine = route.path.rstrip("/").split("/")
    return asked[: len(mine)] == mine


@given(st.lists(ROUTES, max_size=12), PATHS)
def test_agrees_with_the_definition(routes: list[Route], path: str) -> None:
    matcher = Matcher(Host("a.example.com", tuple(routes)), lambda route: route)
    walked = [match.target for match in matcher.walk(path)]
    expected = naive_walk(tuple(routes), path)
    assert list(map(id, walked)) == list(map(id, expected))
    best = matcher.match(path)
    assert (best.target if best else None) is (expected[0] if expected else None)
