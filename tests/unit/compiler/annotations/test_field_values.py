"""What the rows about header fields share; each row has its examples elsewhere."""

from __future__ import annotations

import pytest

from ingressd.compiler.annotations.field_values import (
    doubt_about_fields,
    fault_of_fields,
    fault_of_literal_fields,
    field_edits,
    field_names,
    is_managed_in_answers,
    is_managed_towards_pods,
    removes_something,
    substitution,
    url_start,
)
from ingressd.routing.policy import Substitution


@pytest.mark.parametrize(
    ("content", "literal", "fault"),
    [
        ({}, "", ""),
        ({"X-A": "1", "x_b": ""}, "", ""),
        ({"X A": "1"}, "has the key 'X A', which is not the name of a header", None),
        ({"": "1"}, "has the key '', which is not the name of a header", None),
        ({"X": "a\r\nY: b"}, "has a line break or a control character in the value of X", None),
        ({"X": "$host"}, "", ""),
        ({"X": "$nothing"}, "", "has unknown variable $nothing in the value of X"),
        ({"X": "$nothing", "Y": "\0"},
         "has a line break or a control character in the value of Y", None),
    ],
)  # fmt: skip
def test_the_first_thing_that_is_wrong(
    content: dict[str, str], literal: str, fault: str | None
) -> None:
    assert fault_of_literal_fields(content) == literal
    assert fault_of_fields(content) == (literal if fault is None else fault)


def test_a_name_without_end_is_not_repeated_whole() -> None:
    assert len(fault_of_literal_fields({" " * 500: ""})) < 150


def test_fields_of_ours_are_doubtful_in_either_direction() -> None:
    content = {"Upgrade": "h2c", "Host": "b", "TE": "x", "X-A": "1"}
    assert doubt_about_fields(content, is_managed_in_answers) == (
        "has TE, Upgrade, which ingressd writes itself"
    )
    assert "Host" in doubt_about_fields(content, is_managed_towards_pods)
    assert doubt_about_fields({"X-A": "1"}, is_managed_towards_pods) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("remove Cookie", True),
        ("set X: 1\n  remove Cookie", True),
        ("remove", True),
        ("set remove: 1", False),
        ("removes X\n\n", False),
    ],
)
def test_a_line_that_takes_a_field_away(text: str, expected: bool) -> None:
    assert removes_something(text) is expected


@pytest.mark.parametrize(("lines", "is_read"), [(1, True), (100, True), (101, False), (0, False)])
def test_so_many_edits_and_no_more(lines: int, is_read: bool) -> None:
    parser, text = field_edits(is_managed_in_answers), "add X: 1\n" * lines
    if is_read:
        assert isinstance(edits := parser.parse(text), tuple)
        assert len(edits) == lines
    else:
        with pytest.raises(ValueError, match="too many"):
            parser.parse(text)


def test_names_count_once_in_any_case() -> None:
    assert field_names().parse(" X-A, x-b,,X-a ") == ("x-a", "x-b")
    assert field_names().parse("") == ()
    with pytest.raises(ValueError, match="name"):
        field_names().parse("X-A; X-B")


@pytest.mark.parametrize(
    ("text", "ignores_dots", "expected"),
    [
        ("off", False, None),
        (".a.test  .$host", False, Substitution(".a.test", ".$host")),
        (".a.test .$host", True, Substitution("a.test", "$host")),
        ("$host b.test", True, Substitution("$host", "b.test")),
    ],
)
def test_what_is_put_in_the_place_of_what(
    text: str, ignores_dots: bool, expected: Substitution | None
) -> None:
    assert substitution(ignores_dots=ignores_dots).parse(text) == expected


@pytest.mark.parametrize("text", ["one", "one two three", "$nothing b", "a $nothing", "a b;"])
def test_what_is_no_substitution(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        substitution().parse(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("off", ""), ("default", ""), ("http://$host/", "http://$host/"), ("/a", "/a")],
)
def test_the_start_of_a_url_or_a_word_for_none(text: str, expected: str) -> None:
    assert url_start("off", "default").parse(text) == expected
