"""An explanation as text for somebody who never saw the code: the answer first, then why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

import click

from ingressd.cli.rendering.terminal import (
    count,
    date_words,
    faint,
    findings_text,
    hanging,
    heading,
    labelled,
    plain,
)
from ingressd.resources.finding import Finding
from ingressd.routing.explaining.explain import (
    CertificateChoice,
    Explanation,
    HostCandidate,
    RouteCandidate,
    Verdict,
)
from ingressd.routing.explaining.outcome import Action, Outcome
from ingressd.routing.explaining.policy_words import canary_words, policy_words
from ingressd.routing.explaining.reasons import describe_host
from ingressd.routing.model import PathKind, Route, Upstream

_SHOWN_ENDPOINTS = 8
_SHOWN_LOSERS = 20
_SHOWN_FINDINGS = 20
_COLOURS = {Action.FORWARD: "green", Action.ANSWER: "green", Action.REDIRECT: "cyan"}


def explanation_text(
    explanation: Explanation, findings: Sequence[Finding], more: int = 0
) -> Iterator[str]:
    """The whole answer, line by line; ``findings`` are those of the objects involved, and ``more``
    counts those of others."""
    query = explanation.query
    yield heading(plain(f"{query.method} {query.scheme}://{query.host}{query.target}"))
    yield from _answer(explanation)
    yield from _winner(explanation)
    yield from _hosts(explanation)
    yield from _losers(explanation)
    yield from _certificate(explanation)
    yield from _findings(findings, more)


def _findings(findings: Sequence[Finding], more: int) -> Iterator[str]:
    if not findings:
        return
    worst = sorted(findings, key=lambda finding: finding.sort_key)
    shown = worst[:_SHOWN_FINDINGS]
    yield from ("", heading("Findings about the objects involved"))
    yield from (f"  {line}" if line else "" for line in findings_text(shown))
    if left := more + len(findings) - len(shown):
        yield faint(f"  and {left} more; `ingressd check` lists them")


def _answer(explanation: Explanation) -> Iterator[str]:
    outcome = explanation.outcome
    is_unavailable = outcome.action is Action.UNAVAILABLE
    yield ""
    colour = _COLOURS.get(outcome.action, "red")
    yield click.style(f"=> {plain(_sentence(explanation))}", fg=colour, bold=True)
    normalised = (
        f"{explanation.path} (normalised; that is what rules are compared with)"
        if explanation.path not in {None, explanation.query.path}
        else ""
    )
    yield from labelled(
        [
            ("why", outcome.reason),
            ("path", normalised),
            ("sent as", _sent_as(explanation)),
            ("endpoints", "" if is_unavailable else _endpoints(outcome.upstream)),
            ("canaries", outcome.canary),
            ("balancing", outcome.balancing),
        ],
        indent="   ",
    )


def _sentence(explanation: Explanation) -> str:
    outcome = explanation.outcome
    if outcome.action is Action.FORWARD and outcome.upstream is not None:
        return f"goes to {_service(outcome.upstream)}"
    if outcome.action is Action.REDIRECT:
        return f"{outcome.status} redirect to {outcome.location}"
    words = _STATUS_WORDS.get(outcome.action) or HTTPStatus(outcome.status).phrase + _OURS
    return f"{outcome.status} {words}"


_OURS = ": ingressd answers itself"
_STATUS_WORDS = {
    Action.UNAVAILABLE: "Service Unavailable: a rule takes the request, but leads to nothing",
    Action.NOT_FOUND: "Not Found: no rule takes the request",
}


def _service(upstream: Upstream) -> str:
    service, _, port = upstream.key.rpartition(":")
    return f"Service {service}, port {port}" if port else f"Service {service}, its first port"


def _sent_as(explanation: Explanation) -> str:
    outcome = explanation.outcome
    if not outcome.forwarded or outcome.forwarded == explanation.query.target:
        return ""
    return f"{explanation.query.method} {outcome.forwarded} (rewritten)"


def _endpoints(upstream: Upstream | None) -> str:
    if upstream is None:
        return ""
    if not upstream.endpoints:
        return f"none: {upstream.unavailable or 'none is ready'}"
    shown = ", ".join(map(str, upstream.endpoints[:_SHOWN_ENDPOINTS]))
    more = len(upstream.endpoints) - _SHOWN_ENDPOINTS
    external = " (a DNS name, resolved when a connection is made)" if upstream.external else ""
    return f"{shown}{f' and {more} more' if more > 0 else ''}{external}"


def _winner(explanation: Explanation) -> Iterator[str]:
    won = next((c for c in explanation.routes if c.verdict is Verdict.WINS), None)
    if won is None:
        return
    yield from ("", heading("The rule that takes it"))
    yield from labelled(
        [
            ("rule", _rule(won)),
            ("from", f"Ingress {won.route.ingress}, {won.route.field}"),
            ("backend", won.route.backend.upstream if won.route.backend else "none"),
            ("because", won.reason),
            ("canaries", ", ".join(map(canary_words, won.route.alternatives))),
            ("policies", ", ".join(policy_words(won.route.policy))),
        ]
    )


def _rule(candidate: RouteCandidate) -> str:
    route = candidate.route
    host = describe_host(route.host)
    if route.kind is PathKind.UNMATCHED and route.backend is None:
        return f"paths of {host} that no rule takes"
    if candidate.is_fallback:
        return f"default backend of {host}"
    return plain(f"{route.kind.value} {route.path} on {host}")


def _hosts(explanation: Explanation) -> Iterator[str]:
    if explanation.host is None:
        return
    yield from ("", heading(f"Hosts that {explanation.host or 'the empty host'} could mean"))
    width = max((len(describe_host(c.name)) for c in explanation.hosts), default=0)
    for candidate in explanation.hosts:
        yield from hanging(candidate.reason, first=_host_margin(candidate, width))
    others = explanation.other_hosts
    if not explanation.hosts:
        yield f"  none; {count(others, 'other host')}, and no rule without a host"
    elif others:
        yield faint(f"  {count(others, 'other host')}, none of which covers the name")


def _host_margin(candidate: HostCandidate, width: int) -> str:
    serves = candidate.verdict is Verdict.WINS
    verdict = click.style("serves", fg="green") if serves else f"{'not':6}"
    return f"  {verdict}  {describe_host(candidate.name):{width}}  "


def _losers(explanation: Explanation) -> Iterator[str]:
    losers = [c for c in explanation.routes if c.verdict is not Verdict.WINS]
    if not losers:
        return
    yield from ("", heading("The other rules, and why they do not take it"))
    for candidate in losers[:_SHOWN_LOSERS]:
        yield f"  {_rule(candidate)}  {faint(_place(candidate.route))}"
        yield from hanging(candidate.reason, first="      ")
    if len(losers) > _SHOWN_LOSERS:
        yield faint(f"  and {len(losers) - _SHOWN_LOSERS} more (--output json shows all)")


def _place(route: Route) -> str:
    return f"Ingress {route.ingress}, {route.field}"


def _certificate(explanation: Explanation) -> Iterator[str]:
    if not _meets_tls(explanation.outcome, explanation.query.scheme):
        return
    choice = explanation.certificate
    yield from ("", heading("Certificate that a TLS client meets"))
    yield from labelled(
        [
            ("names", ", ".join(choice.names) or "none"),
            ("from", _certificate_origin(choice)),
            ("expires", date_words(choice.not_after) if choice.names else ""),
            ("because", choice.reason),
            ("trouble", _certificate_trouble(choice)),
        ]
    )


def _meets_tls(outcome: Outcome, scheme: str) -> bool:
    return scheme == "https" or outcome.location.startswith("https://")


def _certificate_origin(choice: CertificateChoice) -> str:
    if not choice.names:
        return ""
    return f"Secret {choice.secret}" if choice.secret else "ingressd itself (self-signed at start)"


def _certificate_trouble(choice: CertificateChoice) -> str:
    if not choice.names or choice.covers or not choice.server_name:
        return ""
    return f"it does not cover {choice.server_name}: clients will refuse it"
