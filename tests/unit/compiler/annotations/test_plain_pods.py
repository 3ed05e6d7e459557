from __future__ import annotations

import pytest

from ingressd.compiler.annotations.plain_pods import tell_of_plain_pods
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.routing.policy import PodProtocol, PodTls, Policy

NAMES = ("backend-protocol", "proxy-ssl-secret", "proxy-ssl-verify")
VERDICTS = [Verdict(f"nginx.ingress.kubernetes.io/{name}", Outcome.HONOURED) for name in NAMES]
TLS = PodTls("default/pods")


def test_what_does_nothing_is_told_of() -> None:
    other, secret, verify = tell_of_plain_pods(Directives(Policy(pod_tls=TLS)), VERDICTS)
    assert other is VERDICTS[0]
    for told in (secret, verify):
        assert (told.outcome, told.is_suspect) == (Outcome.NO_OP, True)
        assert told.message.endswith("no effect but for other Ingresses of the host")


def test_who_shares_with_nobody_helps_nobody() -> None:
    confined = PodTls("default/pods", is_shared=False)
    *_, told = tell_of_plain_pods(Directives(Policy(pod_tls=confined)), VERDICTS)
    assert told.message == "pods are spoken to in plain HTTP, so that it has no effect"


@pytest.mark.parametrize(
    "policy",
    [Policy(), *(Policy(pod_tls=TLS, pod_protocol=each) for each in list(PodProtocol)[1:])],
)
def test_what_counts_stays_as_it_is(policy: Policy) -> None:
    assert tell_of_plain_pods(Directives(policy), VERDICTS) == VERDICTS


def test_another_verdict_stays_as_it_is() -> None:
    invalid = [Verdict("nginx.ingress.kubernetes.io/proxy-ssl-name", Outcome.INVALID)]
    assert tell_of_plain_pods(Directives(Policy(pod_tls=TLS)), invalid) == invalid
