"""Texts with variables: what they are parsed into, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.variables import Template, Variable, as_field, as_url, parse_template


def shown(name: str) -> str:
    return f"<{name}>"


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("", ""),
        ("http://auth.test/x", "http://auth.test/x"),
        ("$scheme://$http_host$request_uri", "<scheme>://<http_host><request_uri>"),
        ("${host}x", "<host>x"),
        ("$cookie_a$http_x_user-$arg_q", "<cookie_a><http_x_user>-<arg_q>"),
    ],
)
def test_variables_are_put_in(text: str, rendered: str) -> None:
    assert parse_template(text).render(shown) == rendered


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("$hots", r"unknown variable \$hots"),
        ("$http_", r"unknown variable \$http_"),
        ("a$", "without the name"),
        ("${host", "without the name"),
        ("$1", r"unknown variable \$1"),
        ("${0}", r"unknown variable \$0"),
    ],
)
def test_what_is_no_variable_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_template(text)


def test_groups_are_taken_where_there_are_any() -> None:
    template = parse_template("/$1/${2}0", groups=True)
    assert template == Template(("/", Variable("1"), "/", Variable("2"), "0"))
    assert [piece.is_group for piece in template.pieces if isinstance(piece, Variable)] == [1, 1]


def test_a_text_without_variables_is_constant() -> None:
    assert parse_template("/x").is_constant
    assert not parse_template("/$host").is_constant


@pytest.mark.parametrize(
    ("text", "url", "field"),
    [
        ("http://a.test/x?y=%20&z#w", "http://a.test/x?y=%20&z#w", "http://a.test/x?y=%20&z#w"),
        ("/a b\tc", "/a%20b%09c", "/a b\tc"),
        (" x\t", "%20x%09", "x"),
        ("a\r\nb\0c\x7f", "a%0D%0Ab%00c%7F", "a%0D%0Ab%00c%7F"),
        ("é\udcff", "%C3%A9%FF", "%C3%A9%FF"),
        ('"<>[]{}|\\^`', '"<>[]{}|\\^`', '"<>[]{}|\\^`'),
    ],
)
def test_texts_that_leave_the_program_hold_no_line_break(text: str, url: str, field: str) -> None:
    assert (as_url(text), as_field(text)) == (url, field)


@given(st.text(alphabet=st.characters(blacklist_characters="$")))
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert parse_template(text).render(shown) == text
