"""Edits of field lines, folded into one change."""

from __future__ import annotations

import pytest

from ingressd.proxy.filters.field_changes import FieldChanges
from ingressd.routing.policy import FieldAction, FieldEdit

SET, ADD, REMOVE = FieldAction.SET, FieldAction.ADD, FieldAction.REMOVE
LINES = [b"X-A: 1\r\n", b"x-a: 2\r\n", b"X-B: 3\r\n"]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([FieldEdit(SET, "x-A", "9")], [LINES[2], b"x-A: 9\r\n"]),
        ([FieldEdit(ADD, "X-A", "9")], [*LINES, b"X-A: 9\r\n"]),
        ([FieldEdit(REMOVE, "x-a")], [LINES[2]]),
        ([FieldEdit(SET, "X-A", " ")], [LINES[2]]),
        ([FieldEdit(SET, "X-A", "8"), FieldEdit(SET, "X-a", "9")], [LINES[2], b"X-a: 9\r\n"]),
        ([FieldEdit(ADD, "X-C", "8"), FieldEdit(REMOVE, "X-C")], LINES),
        ([FieldEdit(REMOVE, "X-B"), FieldEdit(ADD, "X-B", "9")], [*LINES[:2], b"X-B: 9\r\n"]),
        ([FieldEdit(SET, "X-B", "$host", is_literal=True)], [*LINES[:2], b"X-B: $host\r\n"]),
        ([FieldEdit(SET, "X-B", "é")], [*LINES[:2], b"X-B: %C3%A9\r\n"]),
    ],
)
def test_later_edits_see_what_earlier_ones_did(
    edits: list[FieldEdit], expected: list[bytes]
) -> None:
    changes = FieldChanges(edits)
    assert changes.is_constant
    before = list(LINES)
    assert changes.put(LINES) == expected
    assert before == LINES, "the list itself is another's"


def test_nothing_to_do_is_false() -> None:
    assert not FieldChanges(())
    assert FieldChanges([FieldEdit(REMOVE, "X")])


def test_variables_are_put_in_and_cannot_end_the_line() -> None:
    edits = [FieldEdit(SET, "X-A", "$host!"), FieldEdit(ADD, "X-C", "$uri"), FieldEdit(SET, "X-D")]
    changes = FieldChanges(edits)
    assert not changes.is_constant
    texts = {"host": "a.test", "uri": "/\r\nX-Bad: 1"}
    assert changes.render(LINES, texts.__getitem__) == [
        LINES[2],
        b"X-A: a.test!\r\n",
        b"X-C: /%0D%0AX-Bad: 1\r\n",
    ]


def test_a_field_of_which_nothing_is_left_is_not_written() -> None:
    changes = FieldChanges([FieldEdit(SET, "X-A", "$http_x_z")])
    assert changes.render(LINES, lambda _: "") == [LINES[2]]


def test_groups_are_for_routes_that_have_some() -> None:
    edit = FieldEdit(SET, "X-A", "/$1")
    assert FieldChanges([edit], towards_pods=True).render([], lambda _: "a") == [b"X-A: /a\r\n"]
    with pytest.raises(ValueError, match="unknown variable"):
        FieldChanges([edit])
