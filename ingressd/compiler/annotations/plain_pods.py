"""What is said of settings of TLS with pods where pods are spoken to without TLS."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.routing.policy import PodProtocol

_OF_POD_TLS = "proxy-ssl-"


def tell_of_plain_pods(directives: Directives, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """As in ingress-nginx they do nothing there, which whoever wrote them will hardly expect."""
    policy = directives.policy
    if policy.pod_tls is None or policy.pod_protocol is not PodProtocol.HTTP:
        return [*verdicts]
    others = " but for other Ingresses of the host" if policy.pod_tls.is_shared else ""
    message = f"pods are spoken to in plain HTTP, so that it has no effect{others}"
    return [_in_vain(verdict, message) for verdict in verdicts]


def _in_vain(verdict: Verdict, message: str) -> Verdict:
    name = verdict.annotation.rpartition("/")[2]
    if not name.startswith(_OF_POD_TLS) or verdict.outcome is not Outcome.HONOURED:
        return verdict
    return structs.replace(
        verdict,
        outcome=Outcome.NO_OP,
        message=message,
        remedy="add backend-protocol with the value HTTPS, or remove this one",
        is_suspect=True,
    )
