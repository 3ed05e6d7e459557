from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.verdict import Outcome

REWRITE = "nginx.ingress.kubernetes.io/rewrite-target"


@pytest.mark.parametrize(
    ("target", "outcome"),
    [
        ("/$1/$9", Outcome.HONOURED),
        ("/x", Outcome.HONOURED),
        ("/$host/$1", Outcome.UNSUPPORTED),
        ("/$0", Outcome.UNSUPPORTED),
        ("/$", Outcome.UNSUPPORTED),
    ],
)
def test_only_groups_stand_for_something(target: str, outcome: Outcome) -> None:
    (verdict,) = read_annotations({REWRITE: target}, "nginx.ingress.kubernetes.io").verdicts
    assert verdict.outcome is outcome
