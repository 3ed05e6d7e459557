"""Annotations under ingressd's own prefix."""

from __future__ import annotations

import msgspec
import pytest
from support.annotation_examples.own import EXAMPLES, INVALID

from ingressd.compiler.annotations.reading import Reading, read_annotations
from ingressd.compiler.annotations.row import Directives, Row
from ingressd.compiler.annotations.table import BY_NAME, OWN, OWN_BY_NAME
from ingressd.compiler.annotations.verdict import Outcome

PREFIX = "nginx.ingress.kubernetes.io"


def read(prefix: str = PREFIX, **texts: str) -> Reading:
    named = {f"ingressd.dev/{name.replace('_', '-')}": text for name, text in texts.items()}
    return read_annotations(named, prefix)


@pytest.mark.parametrize("row", OWN.rows, ids=lambda row: row.name)
def test_row_sets_its_policy_field(row: Row) -> None:
    for text, expected in EXAMPLES[row.name]:
        reading = read(**{row.name: text})
        assert reading.directives == expected
        assert [verdict.outcome for verdict in reading.verdicts] == [Outcome.HONOURED]
        plain = msgspec.to_builtins(reading.directives)
        assert msgspec.convert(plain, Directives) == expected, "the value fits the field's type"


@pytest.mark.parametrize(("name", "text"), INVALID)
def test_row_refuses(name: str, text: str) -> None:
    reading = read(**{name: text})
    assert [verdict.outcome for verdict in reading.verdicts] == [Outcome.INVALID]


def test_names_are_not_those_of_ingress_nginx() -> None:
    assert not OWN_BY_NAME.keys() & BY_NAME.keys()
    reading = read_annotations({f"{PREFIX}/denied-paths": "/admin"}, PREFIX)
    assert [verdict.outcome for verdict in reading.verdicts] == [Outcome.NEVER_EXISTED]


@pytest.mark.parametrize(
    ("name", "text", "is_blocked"),
    [
        ("denied-paths", "admin", True),
        ("request-headers", "remove Host", True),
        ("request-headers", "set Host: a", False),
        ("response-headers", "remove Connection", False),
        ("redirect-if", "host = a", False),
    ],
)
def test_what_protects_is_closed_where_it_cannot_be_read(
    name: str, text: str, is_blocked: bool
) -> None:
    assert read(**{name: text}).is_blocked is is_blocked


def test_a_name_that_there_is_not_is_told() -> None:
    (verdict,) = read(denied_path="/admin").verdicts
    assert verdict.outcome is Outcome.NEVER_EXISTED
    assert verdict.is_suspect
    assert verdict.remedy == "did you mean denied-paths?"


def test_the_prefix_of_the_others_may_be_the_same() -> None:
    reading = read("ingressd.dev", denied_paths="/admin", ssl_redirect="false", nothing="x")
    outcomes = [verdict.outcome for verdict in reading.verdicts]
    assert outcomes == [Outcome.HONOURED, Outcome.NEVER_EXISTED, Outcome.HONOURED]
