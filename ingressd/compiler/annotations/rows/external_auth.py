"""A service that is asked whether a request may pass."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import Protects, always, nothing
from ingressd.compiler.annotations.row import Row, Support, Tier

_AUTH_URL = "auth-url"


def _auth_row(name: str, tier: Tier, summary: str, *, protects: Protects = nothing) -> Row:
    """A row that needs ``auth-url`` beside it; without it nobody is asked."""
    return Row(
        name=name,
        requires=_AUTH_URL,
        tier=tier,
        summary=summary,
        protects=protects,
        support=Support.NOT_YET,
        instead="the paths answer 503 while auth-url cannot be asked",
    )


def _keepalive_row(name: str, summary: str) -> Row:
    return Row(
        name=name,
        requires=_AUTH_URL,
        tier=Tier.RARE,
        summary=summary,
        support=Support.NO_OP,
        instead="ingressd decides itself how long it keeps connections",
        remedy="leave it or remove it",
    )


ROWS = (
    Row(
        name=_AUTH_URL,
        tier=Tier.COMMON,
        summary="URL that is asked about every request: 2xx admits; 401 and 403 are passed on, "
        "all else is 500.",
        # Also where it is empty, which in ingress-nginx leaves the path open.
        protects=always,
        support=Support.NOT_YET,
        remedy="put an authenticating proxy before the application, then remove the annotation",
    ),
    _auth_row("auth-method", Tier.COMMON, "Method of the question (default GET).", protects=always),
    _auth_row("auth-signin", Tier.COMMON, "URL that a 401 is turned into a redirect to."),
    _auth_row(
        "auth-signin-redirect-param",
        Tier.COMMON,
        "Parameter of that URL which says where the client came from (default rd).",
    ),
    _auth_row(
        "auth-response-headers",
        Tier.COMMON,
        "Headers of the answer that the pod gets; those the client sent are dropped.",
        protects=always,
    ),
    _auth_row("auth-request-redirect", Tier.COMMON, "X-Auth-Request-Redirect of the question."),
    _auth_row(
        "auth-always-set-cookie",
        Tier.COMMON,
        "Cookies of the answer reach the client whatever the pod answers (default false).",
    ),
    _auth_row(
        "auth-proxy-set-headers",
        Tier.EXPECTED,
        "ConfigMap, namespace/name, with headers of the question.",
        protects=always,
    ),
    _auth_row(
        "auth-cache-key",
        Tier.EXPECTED,
        "Text with variables: for equal texts the answer is remembered.",
    ),
    _auth_row(
        "auth-cache-duration",
        Tier.EXPECTED,
        "How long, by status (default 200 202 401 5m).",
        protects=always,
    ),
    Row(
        name="enable-global-auth",
        tier=Tier.COMMON,
        summary="Whether global-auth-url of the ConfigMap is asked (default true).",
        support=Support.NOT_YET,
        instead="the ConfigMap is not read",
        remedy="remove it",
        usual="false",
    ),
    _keepalive_row("auth-keepalive", "Idle connections kept to the service that is asked."),
    _keepalive_row("auth-keepalive-requests", "Questions on one of these connections."),
    _keepalive_row("auth-keepalive-share-vars", "Share nginx variables with the question."),
    _keepalive_row("auth-keepalive-timeout", "Seconds that one of these connections may idle."),
)
