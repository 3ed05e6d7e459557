"""A route's policy in a few words, and a certificate's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ingressd.routing.policy import DEFAULT_POLICY, Policy, TlsRedirect


def policy_words(policy: Policy) -> Iterator[str]:
    """What differs from the default, one phrase each."""
    if policy.tls_redirect is TlsRedirect.ALWAYS:
        yield "https always"
    elif policy.tls_redirect is TlsRedirect.OFF:
        yield "https never forced"
    if policy.preserve_trailing_slash:
        yield "trailing slash kept in redirects"
    if policy.rewrite is not None:
        yield f"rewrite to {policy.rewrite.target}"
    if policy.affinity is not None:
        yield f"{policy.affinity.mode.value} affinity by cookie {policy.affinity.name}"
    yield from _timeout_words(policy)


def date_words(seconds: float) -> str:
    """A day, UTC, out of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _timeout_words(policy: Policy) -> Iterator[str]:
    for name in ("connect", "read", "send"):
        seconds = getattr(policy.timeouts, name)
        if seconds != getattr(DEFAULT_POLICY.timeouts, name):
            yield f"{name} timeout {seconds:g} s"
