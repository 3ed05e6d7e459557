"""Whether a request that failed may be sent again."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.upstream.receiver import Failure
from ingressd.routing.policy import DEFAULT_RETRIES, Retries, RetryAfter

NOT_SENT = frozenset(
    {Failure.REFUSED, Failure.CONNECT_TIMEOUT, Failure.INSECURE, Failure.UNRESOLVED}
)
"""Failures before a byte of the request went out: any request may be tried elsewhere."""

ERRORS = frozenset({Failure.REFUSED, Failure.INSECURE, Failure.UNRESOLVED, Failure.CLOSED})
TIMEOUTS = frozenset({Failure.CONNECT_TIMEOUT, Failure.TIMEOUT, Failure.SEND_TIMEOUT})


def may_retry(
    request: Request, failure: Failure, is_fresh: bool, retries: Retries = DEFAULT_RETRIES
) -> bool:
    """Whether another endpoint may be tried (RFC 9110 section 9.2.2, RFC 9112 section 9.3.1).

    Never once the client has seen a byte or a body that is gone was sent. Unless a policy says
    after what: always when nothing was sent, and when a connection that had been used before died
    without an answer, for an idempotent method; where one made for this request did (``is_fresh``),
    the request may be what kills pods. A second try is made on a fresh connection, so nothing is
    sent more than twice. A policy that does say so decides as nginx's ``proxy_next_upstream``, but
    for answers that began: those are final, unless their status or their form is what it names.
    """
    if request.bytes_sent or request.body_consumed:
        return False
    after = retries.after
    if after is None:
        if failure not in NOT_SENT and (failure is not Failure.CLOSED or is_fresh):
            return False
    elif not _is_named(after, failure, request.status):
        return False
    return failure in NOT_SENT or request.may_repeat or repeats_all(retries)


def repeats_all(retries: Retries) -> bool:
    """Whether a policy has no regard for what may not be carried out twice."""
    return retries.non_idempotent or (retries.after is not None and retries.after.non_idempotent)


def _is_named(after: RetryAfter, failure: Failure, status: int) -> bool:
    if failure is Failure.UNWANTED:
        return status in after.statuses
    if failure is Failure.MALFORMED:
        return after.invalid_header
    return (after.error and failure in ERRORS) or (after.timeout and failure in TIMEOUTS)
