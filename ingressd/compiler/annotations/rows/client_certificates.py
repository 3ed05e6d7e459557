"""Certificates that clients must show."""

from __future__ import annotations

import re

from ingressd.compiler.annotations.elsewhere import default_used, drops_ingress
from ingressd.compiler.annotations.protection import Protects, always, nothing
from ingressd.compiler.annotations.referent import always_to
from ingressd.compiler.annotations.referents import CLIENT_CA
from ingressd.compiler.annotations.row import (
    Directives,
    Modified,
    Row,
    Scope,
    Tier,
    nothing_lacking,
)
from ingressd.compiler.annotations.values import (
    Parser,
    boolean,
    choice,
    expression,
    integer,
    object_name,
)
from ingressd.routing.policy import NOBODY, ClientCertificates, VerifyClient

_SECRET = "auth-tls-secret"
_DEFAULTED = ("verify", "depth")
"""Fields with a default that ingress-nginx takes in the place of an invalid text."""

_URL = re.compile(r"https?://[!-~]+")
_PLACE = re.compile(r"/[!-~]*|@[-_a-zA-Z0-9]+")  # in nginx's own configuration


def _error_page(text: str) -> str | None:
    page = text.strip()
    if _URL.fullmatch(page):
        return page
    if _PLACE.fullmatch(page):
        return None
    raise ValueError("not a URL")


def _lacking_page(text: str) -> str:
    return (
        "" if _URL.fullmatch(text.strip()) else "only a URL can be redirected to: clients get 400"
    )


def _subject(text: str) -> object:
    if not text.startswith("CN="):
        raise ValueError("not about a common name")
    return expression().parse(text)


def _is_verified(directives: Directives) -> bool:
    certificates = directives.host.client_certificates
    return certificates is not None and certificates.verify is not VerifyClient.OFF


_VERIFIED = Modified("an `auth-tls-verify-client` other than off", _is_verified)


def _certificate_row(
    name: str,
    value: Parser,
    summary: str,
    *,
    field: str,
    protects: Protects = nothing,
    closed: object = None,
) -> Row:
    """A row that needs ``auth-tls-secret`` beside it."""
    return Row(
        name=name,
        requires=_SECRET,
        field=f"host.client_certificates.{field}",
        value=value,
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary=summary,
        protects=protects,
        closed=closed,
        modifies=_VERIFIED if field in ("depth", "error_page") else None,
        elsewhere=default_used if field in _DEFAULTED else drops_ingress,
        lacks=_lacking_page if field == "error_page" else nothing_lacking,
    )


ROWS = (
    Row(
        name=_SECRET,
        field="host.client_certificates",
        value=object_name(),
        refers=always_to(CLIENT_CA),
        closed=ClientCertificates(secret=""),
        scope=Scope.HOST,
        tier=Tier.EXPECTED,
        summary="Secret, namespace/name, with ca.crt (and ca.crl) that client certificates are "
        "checked against; 400 without one, and for plain HTTP that is not redirected. "
        "The oldest Ingress of the host decides.",
        protects=always,
    ),
    _certificate_row(
        "auth-tls-verify-client",
        choice(VerifyClient),
        "on (default), off, optional, or optional_no_ca: pods judge who vouches for it.",
        field="verify",
    ),
    _certificate_row(
        "auth-tls-verify-depth",
        integer(at_least=1),
        "CAs between that of ca.crt and the client, at most (default 1).",
        field="depth",
    ),
    _certificate_row(
        "auth-tls-pass-certificate-to-upstream",
        boolean(),
        "Send the certificate to the pod as ssl-client-cert (default false).",
        field="pass_to_upstream",
    ),
    _certificate_row(
        "auth-tls-match-cn",
        Parser("CN= and a regular expression", _subject),
        "CN=REGEX that must be found in the subject of the certificate, else 403.",
        field="match_cn",
        protects=always,
        closed=NOBODY,
    ),
    _certificate_row(
        "auth-tls-error-page",
        Parser("a URL with http:// or https://", _error_page),
        "URL to which clients are redirected whose certificate is missing or bad.",
        field="error_page",
    ),
)
