from __future__ import annotations

from support.objects import PREFIX
from support.readings import read

from ingressd.compiler.annotations.reading import Reading
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.routing.policy import Redirect


def outcomes(reading: Reading) -> dict[str, Outcome]:
    return {v.annotation.removeprefix(f"{PREFIX}/"): v.outcome for v in reading.verdicts}


def test_temporal_redirect_wins_and_the_others_are_told() -> None:
    reading = read(
        permanent_redirect="https://p.test", permanent_redirect_code="308",
        temporal_redirect="https://t.test", temporal_redirect_code="307",
    )  # fmt: skip
    assert reading.directives.policy.redirect == Redirect("https://t.test", 307)
    assert outcomes(reading) == {
        "permanent-redirect": Outcome.OVERRIDDEN,
        "permanent-redirect-code": Outcome.OVERRIDDEN,
        "temporal-redirect": Outcome.HONOURED,
        "temporal-redirect-code": Outcome.HONOURED,
    }
    assert reading.verdicts[0].message == "temporal-redirect is set too and wins"


def test_what_would_cost_the_whole_ingress_in_ingress_nginx_is_said_so() -> None:
    reading = read(permanent_redirect="https://b.test$request_uri")
    assert reading.directives.policy.redirect is None
    assert "ingress-nginx would serve nothing of this Ingress" in reading.verdicts[0].message
    assert not reading.is_blocked


def test_a_bad_code_leaves_the_usual_one() -> None:
    reading = read(permanent_redirect="/x", permanent_redirect_code="309")
    assert reading.directives.policy.redirect == Redirect("/x", 301)
    assert outcomes(reading)["permanent-redirect-code"] is Outcome.INVALID


def test_a_code_alone_has_no_effect() -> None:
    assert outcomes(read(permanent_redirect_code="308")) == {
        "permanent-redirect-code": Outcome.NO_OP
    }
