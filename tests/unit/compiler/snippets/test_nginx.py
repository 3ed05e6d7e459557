"""nginx's configuration as a tree."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.compiler.snippets.nginx import Directive, parse


def test_words_quotes_comments_and_blocks() -> None:
    text = """
    # a comment; { not read
    more_set_headers "X-A: b;c" 'it''s' "say \\"so\\"";
    if ($http_x ~ "^a{2}$") { return 301 https://${host}/x#y; }   location ~ "/a{2}" { }
    """
    header, condition, location = parse(text)
    assert header.words == ("more_set_headers", "X-A: b;c", "it", "s", 'say "so"')
    assert condition.name == "if"
    assert location == Directive(("location", "~", "/a{2}"), ())


def test_a_variable_in_braces_is_a_part_of_a_word() -> None:
    (directive,) = parse("return 301 https://${host}/x#y;")
    assert directive.words == ("return", "301", "https://${host}/x#y")


def test_it_is_shown_about_as_it_was_written() -> None:
    assert [str(each) for each in parse("location /a { deny all; return 404; }  gzip\non;")] == [
        "location /a { deny all; return 404; }",
        "gzip on;",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a", "a b", "a;}", "a {", "{ }", ";", '"open', "a { b }", "a {" * 20 + "}" * 20,
        "x;" * 40_000,
    ],
)  # fmt: skip
def test_what_nginx_could_not_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@given(st.text(alphabet="ab ;{}\"'\\$#\n", max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert all(directive.words for directive in parse(text))
