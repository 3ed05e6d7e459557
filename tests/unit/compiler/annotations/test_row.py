from __future__ import annotations

import pytest

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Support, Tier


def row(usual: str = "") -> Row:
    return Row(name="x", tier=Tier.RARE, summary="X.", support=Support.NOT_YET, usual=usual)


@pytest.mark.parametrize(
    ("usual", "text", "expected"),
    [
        ("http", "HTTP", True),
        ("http", " http ", True),
        ("http", "HTTPS", False),
        ("0", "0", True),
        ("0", "false", False),
        ("false", "F", True),
        ("false", "0", True),
        ("false", "no", False),
        ("false", "", False),
        ("", "", False),
    ],
)
def test_text_that_asks_for_what_happens_anyway(usual: str, text: str, expected: bool) -> None:
    assert row(usual).is_usual(text) is expected


def test_only_what_can_close_something_is_protective() -> None:
    assert not row().is_protective
    assert Row(name="x", tier=Tier.RARE, summary="X.", protects=always).is_protective
