from __future__ import annotations

import pytest

from ingressd.compiler.annotations.denied_words import find_denied, words

PREFIX = "nginx.ingress.kubernetes.io"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), (" , ", ()), ("a", ("a",)), (" _by_lua ,{,a b", ("_by_lua", "{", "a b"))],
)
def test_words_stand_between_commas(text: str, expected: tuple[str, ...]) -> None:
    """An empty one, which is in every text, is none."""
    assert words().parse(text) == expected


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({}, None),
        ({f"{PREFIX}/a": "fine"}, None),
        ({"example.com/a": "{"}, None),
        ({f"{PREFIX}.other/a": "{"}, None),
        ({f"{PREFIX}/a": "x{y"}, (f"{PREFIX}/a", "{")),
        ({f"{PREFIX}/b": "{", f"{PREFIX}/a": "root"}, (f"{PREFIX}/a", "root")),
        ({f"{PREFIX}/a": "ROOT"}, None),
    ],
)
def test_a_word_is_found_wherever_it_stands(
    annotations: dict[str, str], found: tuple[str, str] | None
) -> None:
    assert find_denied(annotations, PREFIX, ("{", "root")) == found
