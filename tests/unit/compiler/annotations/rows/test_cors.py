from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import Reading, read_annotations
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.routing.policy import Cors

PREFIX = "nginx.ingress.kubernetes.io"


def read(origins: str, enabled: str = "true") -> Reading:
    named = {f"{PREFIX}/enable-cors": enabled, f"{PREFIX}/cors-allow-origin": origins}
    return read_annotations(named, PREFIX)


def test_without_enable_cors_the_others_have_no_effect() -> None:
    reading = read("https://a.test", enabled="false")
    assert reading.directives.policy.cors is None
    assert [v.outcome for v in reading.verdicts] == [Outcome.NO_OP, Outcome.HONOURED]


@pytest.mark.parametrize(
    ("origins", "message"),
    [
        ("https://a.test, b.test", "'b.test' is no scheme://host[:port] and is skipped; "),
        ("b.test", "'b.test' is no scheme://host[:port] and is skipped, so that nobody is let in;"),
        ("https://a.test,", "an empty entry is skipped (in ingress-nginx it lets every origin in)"),
    ],
)
def test_origins_that_are_skipped_are_told(origins: str, message: str) -> None:
    verdict = read(origins).verdicts[0]
    assert verdict.outcome is Outcome.UNSUPPORTED
    assert verdict.message.startswith(message)


@pytest.mark.parametrize("origins", ["*", "https://a.test, null"])
def test_good_origins_are_honoured(origins: str) -> None:
    assert read(origins).verdicts[0].outcome is Outcome.HONOURED


def test_a_list_that_cannot_be_read_lets_everybody_in_and_is_told() -> None:
    reading = read("https://a.test/")
    assert reading.directives.policy.cors == Cors()
    assert reading.verdicts[0].outcome is Outcome.INVALID
