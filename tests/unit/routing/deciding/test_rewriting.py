from __future__ import annotations

import pytest

from ingressd.routing.deciding.rewriting import leads_elsewhere, rewritten_target
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import Rewrite


@pytest.mark.parametrize(
    ("pattern", "path", "target", "result"),
    [
        ("/foo(/|$)(.*)", "/foo/bar", "/$2", "/bar"),
        ("/foo(/|$)(.*)", "/foo", "/$2", "/"),
        ("/foo", "/foo/bar", "/", "/"),
        ("/(.*)", "/a b", "/x/$1", "/x/a%20b"),
        ("/(.*)", "/a", "$1", "/a"),
        ("/(.*)", "/", "$1", ""),
        ("/(a)?(.*)", "/b", "/$1-$2-$9", "/-b-"),
        ("/(.*)", "/100%", "/$1", "/100%25"),
    ],
)
def test_fills_in_groups(pattern: str, path: str, target: str, result: str) -> None:
    groups = compile_pattern(pattern).match(path)
    assert rewritten_target(Rewrite(target), groups) == result


def test_the_query_stays_as_it_came() -> None:
    assert rewritten_target(Rewrite("/x"), None, "q=%20&r") == "/x?q=%20&r"


def test_a_url_leads_elsewhere() -> None:
    assert leads_elsewhere(Rewrite("https://example.org/x"))
    assert not leads_elsewhere(Rewrite("/https"))
    assert (
        rewritten_target(Rewrite("https://example.org/$1"), None, "q") == "https://example.org/?q"
    )
