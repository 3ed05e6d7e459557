from __future__ import annotations

import pytest

from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import boolean
from ingressd.compiler.configmap.row import Row, no_op

UNREAD = Row(name="x", summary="X.", support=Support.NEVER, usual="false")
READ = Row(name="x", summary="X.", value=boolean(), usual="false")


@pytest.mark.parametrize(
    ("row", "text", "expected"),
    [
        (UNREAD, "F", True),
        (UNREAD, "true", False),
        (UNREAD, " ", True),
        (READ, "F", True),
        (READ, "", False),
        (Row(name="x", summary="X."), "x", False),
    ],
)
def test_text_that_asks_for_what_happens_anyway(row: Row, text: str, expected: bool) -> None:
    assert row.is_usual(text) is expected


def test_a_key_on_which_nothing_depends_says_why() -> None:
    row = no_op("x", "X.", "8", "there are no buffers")
    assert (row.support, row.default, row.instead) == (Support.NO_OP, "8", "there are no buffers")
    assert row.remedy == "leave it or remove it"
    assert not row.is_protective
