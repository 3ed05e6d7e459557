"""Numbers that limit nothing."""

from __future__ import annotations

import pytest
from support.objects import PREFIX

from ingressd.compiler.annotations.reading import Reading, read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import Bandwidth, Policy

BARE = Directives()
INGRESS = ObjectKey("Ingress", "default", "web")
LIMITED = Directives(Policy(bandwidth=Bandwidth(rate=100 << 10)))


def read(name: str, text: str, base: Directives = BARE) -> Reading:
    return read_annotations({f"{PREFIX}/{name}": text}, PREFIX, base)


@pytest.mark.parametrize("name", ["limit-rps", "limit-rpm", "limit-connections", "limit-rate"])
@pytest.mark.parametrize(("text", "severity"), [("0", Severity.INFO), ("-5", Severity.WARNING)])
def test_what_sets_no_limit_is_told(name: str, text: str, severity: Severity) -> None:
    reading = read(name, text)
    (verdict,) = reading.verdicts
    told = verdict.as_finding(INGRESS)
    assert told is not None
    assert (told.verdict, told.severity) == ("no-op", severity)
    assert told.message == "it sets no limit: 0 and less mean none, as in ingress-nginx"
    assert (reading.directives, reading.is_blocked) == (BARE, False)


@pytest.mark.parametrize("name", ["limit-rps", "limit-rpm", "limit-connections", "limit-rate"])
def test_a_limit_is_one(name: str) -> None:
    (verdict,) = read(name, "1").verdicts
    assert verdict.outcome is Outcome.HONOURED


@pytest.mark.parametrize(("text", "outcome"), [("0", Outcome.HONOURED), ("-5", Outcome.NO_OP)])
def test_the_limit_of_the_configmap_is_lifted(text: str, outcome: Outcome) -> None:
    reading = read("limit-rate", text, LIMITED)
    (verdict,) = reading.verdicts
    assert (verdict.outcome, verdict.is_suspect) == (outcome, text == "-5")
    assert ("the limit of the ConfigMap is lifted" in verdict.message) is verdict.is_suspect
    assert reading.directives == BARE


@pytest.mark.parametrize(("text", "outcome"), [("0", Outcome.HONOURED), ("-5", Outcome.NO_OP)])
def test_less_than_no_byte_comes_before_a_limit(text: str, outcome: Outcome) -> None:
    reading = read("limit-rate-after", text, LIMITED)
    assert [verdict.outcome for verdict in reading.verdicts] == [outcome]
    assert reading.directives == LIMITED
