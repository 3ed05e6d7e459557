from __future__ import annotations

import pytest

from ingressd.cli.rendering_policy import date_words, policy_words
from ingressd.routing.policy import (
    DEFAULT_POLICY,
    AffinityMode,
    CookieAffinity,
    Policy,
    Rewrite,
    Timeouts,
    TlsRedirect,
)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (DEFAULT_POLICY, []),
        (Policy(tls_redirect=TlsRedirect.ALWAYS), ["https always"]),
        (Policy(tls_redirect=TlsRedirect.OFF), ["https never forced"]),
        (Policy(preserve_trailing_slash=True), ["trailing slash kept in redirects"]),
        (Policy(rewrite=Rewrite("/$1")), ["rewrite to /$1"]),
        (
            Policy(affinity=CookieAffinity(name="C", mode=AffinityMode.PERSISTENT)),
            ["persistent affinity by cookie C"],
        ),
        (
            Policy(timeouts=Timeouts(connect=2, read=0.5)),
            ["connect timeout 2 s", "read timeout 0.5 s"],
        ),
    ],
)
def test_says_what_differs_from_the_default(policy: Policy, words: list[str]) -> None:
    assert list(policy_words(policy)) == words


def test_dates_are_days_in_utc() -> None:
    assert date_words(0) == "1970-01-01"
