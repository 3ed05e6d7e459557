"""What the settings of a host make of a request, whichever route takes it."""

from __future__ import annotations

from msgspec import structs

from ingressd.routing.explaining.outcome import Action, Outcome
from ingressd.routing.model import CATCH_ALL, Route
from ingressd.routing.passthrough import upstream_behind
from ingressd.routing.policy import ClientCertificates, VerifyClient
from ingressd.routing.table import Table

_AFTER_REDIRECTS = frozenset({Action.FORWARD, Action.UNAVAILABLE, Action.NOT_FOUND})
_AT_THE_END = frozenset({Action.FORWARD, Action.NOT_FOUND})
_WITHOUT_TLS = "which nobody can show without TLS"
_WITHOUT_SNI = "for which clients are only asked that name a host of an Ingress with SNI"


def settle(
    outcome: Outcome, table: Table, scheme: str, server_name: str, winner: Route | None
) -> Outcome:
    """The outcome of a request, given what the routes of its host alone make of it.

    ``server_name`` is what the client sends with SNI, "" for nothing.
    """
    passed = upstream_behind(server_name, table) if scheme == "https" else None
    if passed is not None:
        return _passed(table, passed)
    host = table.hosts.get(winner.host) if winner is not None else None
    wanted = host.policy.client_certificates if host is not None else None
    if wanted is None or winner is None:
        return outcome
    if wanted.secret not in table.secrets:
        reason = "certificates of clients are asked for, and there is no Secret to check them with"
        return Outcome(Action.REFUSE, 403, reason, upstream=outcome.upstream)
    if wanted.verify is VerifyClient.OFF:
        return outcome
    named = table.find_host(server_name)
    if scheme == "https" and named is not host:
        if named is None or named.name == CATCH_ALL:
            return _without_certificate(outcome, wanted, _WITHOUT_SNI)
        reason = "the host asks for certificates, and the connection was made to another one"
        return Outcome(Action.REFUSE, 421, reason, upstream=outcome.upstream)
    if outcome.action in _AFTER_REDIRECTS and scheme == "http":
        return _plain(outcome, table, wanted, winner)
    return _conditional(outcome, wanted)


def _passed(table: Table, key: str) -> Outcome:
    upstream = table.upstreams.get(key)
    if upstream is None or not upstream.endpoints:
        reason = "TLS goes to the pods as it comes, and there is none: the connection is closed"
        return Outcome(Action.UNAVAILABLE, 503, reason, upstream=upstream)
    reason = "TLS goes to the pods of path / as it comes; they answer, and no rule counts"
    return Outcome(Action.FORWARD, 0, reason, upstream=upstream)


def _plain(outcome: Outcome, table: Table, wanted: ClientCertificates, winner: Route) -> Outcome:
    exempt = table.global_policy.https_redirect.exempt
    if exempt and winner.path.startswith(exempt):
        return outcome
    return _without_certificate(outcome, wanted, _WITHOUT_TLS)


def _without_certificate(outcome: Outcome, wanted: ClientCertificates, why: str) -> Outcome:
    """What becomes of a request from who has shown none, and why nobody has."""
    if wanted.verify is VerifyClient.ON:
        status, page = (302, wanted.error_page) if wanted.error_page else (400, "")
        action = Action.REDIRECT if page else Action.REFUSE
        reason = f"the host asks for certificates, {why}"
        return Outcome(action, status, reason, location=page, upstream=outcome.upstream)
    if wanted.match_cn:
        reason = f"the host asks for certificates of a certain subject, {why}"
        return Outcome(Action.REFUSE, 403, reason, upstream=outcome.upstream)
    return outcome


def _conditional(outcome: Outcome, wanted: ClientCertificates) -> Outcome:
    """Where the certificate decides, which is not known here."""
    if outcome.action not in _AT_THE_END or wanted.verify is not VerifyClient.ON:
        return outcome
    reason = f"{outcome.reason}, for clients with a certificate that Secret {wanted.secret} accepts"
    return structs.replace(outcome, reason=reason)
