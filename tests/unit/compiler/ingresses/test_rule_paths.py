from __future__ import annotations

import pytest
from support.objects import path

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.ingresses.rule_paths import RulePath, read_rule_path
from ingressd.resources.shape import Problem
from ingressd.routing.model import PathKind
from ingressd.routing.policy import Policy, Rewrite

FIELD = "spec.rules[0].http.paths[0]"


def read(text: str, kind: str | None = "Prefix", **directives: object) -> RulePath | Problem:
    return read_rule_path(path(text, kind), Directives(**directives), FIELD)  # type: ignore[arg-type]


def rewrite(target: str) -> Policy:
    return Policy(rewrite=Rewrite(target))


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("", "ImplementationSpecific", (PathKind.PREFIX, "/")),
        ("/", "Prefix", (PathKind.PREFIX, "/")),
        ("/foo/", "Prefix", (PathKind.PREFIX, "/foo")),
        ("/foo/", "Exact", (PathKind.EXACT, "/foo/")),
        ("/foo//bar/./baz", "Exact", (PathKind.EXACT, "/foo/bar/baz")),
        ("/caf%C3%A9", "Prefix", (PathKind.PREFIX, "/café")),
        ("/foo", None, (PathKind.PREFIX, "/foo")),
    ],
)
def test_path_takes_the_form_requests_are_compared_with(
    text: str, kind: str | None, expected: tuple[PathKind, str]
) -> None:
    result = read(text, kind)
    assert isinstance(result, RulePath)
    assert (result.kind, result.path) == expected


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("foo", "Prefix", "PathInvalid"),
        ("/a b", "Prefix", "PathInvalid"),
        ("/a\0b", "Prefix", "PathInvalid"),
        ("/a\u2028b", "Prefix", "PathInvalid"),
        ("/a%0Ab", "Prefix", "PathInvalid"),
        ("/%zz", "Prefix", "PathInvalid"),
        ("/%ff", "Prefix", "PathInvalid"),
        ("/../etc", "Prefix", "PathInvalid"),
        ("/foo", "prefix", "PathTypeUnknown"),
    ],
)
def test_bad_path_is_a_problem_of_that_path(text: str, kind: str, code: str) -> None:
    result = read(text, kind)
    assert isinstance(result, Problem)
    assert result.code == code
    assert result.field.startswith(FIELD)


def test_problem_stays_on_one_line() -> None:
    result = read("/a\nFAKE LOG LINE")
    assert isinstance(result, Problem)
    assert "\n" not in result.message


def test_use_regex_keeps_the_expression_as_written() -> None:
    result = read("/foo/(.*)", "Exact", use_regex=True)
    assert isinstance(result, RulePath)
    assert (result.kind, result.path) == (PathKind.REGEX, "/foo/(.*)")


def test_rewrite_makes_an_expression_unless_it_leads_to_the_path_itself() -> None:
    changed, same = read("/foo", policy=rewrite("/")), read("/", policy=rewrite("/"))
    assert isinstance(changed, RulePath)
    assert isinstance(same, RulePath)
    assert (changed.kind, changed.policy.rewrite) == (PathKind.REGEX, Rewrite("/"))
    assert (same.kind, same.policy.rewrite) == (PathKind.PREFIX, None)


def test_bad_expression_is_a_problem_with_the_reason() -> None:
    result = read("/foo(", use_regex=True)
    assert isinstance(result, Problem)
    assert result.code == "RegexInvalid"
    assert "a parenthesis is not closed" in result.message


def test_expression_beyond_linear_time_says_so_and_what_to_write() -> None:
    result = read("/(?!api).*", use_regex=True)
    assert isinstance(result, Problem)
    assert result.code == "RegexInvalid"
    assert "look-ahead is not supported" in result.message
    assert "a longer one" in result.remedy


def test_group_that_the_path_lacks_is_a_warning() -> None:
    result = read("/foo/(.*)", policy=rewrite("/$1/$2"))
    assert isinstance(result, RulePath)
    assert [warning.code for warning in result.warnings] == ["RewriteGroupMissing"]
    assert "$2" in result.warnings[0].message
