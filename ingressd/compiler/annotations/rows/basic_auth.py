"""Passwords that ingressd checks itself."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress
from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.referents import users_of
from ingressd.compiler.annotations.row import Row, Tier
from ingressd.compiler.annotations.values import (
    choice,
    converted,
    matching,
    object_name,
)
from ingressd.routing.policy import BasicAuth, UserForm

_AUTH_TYPE, _AUTH_SECRET = "auth-type", "auth-secret"


def _kind(text: str) -> BasicAuth | None:
    return BasicAuth() if text == "basic" else None


def _digest(text: str) -> str:
    """What is said of the other kind, for which a server would have to keep plain passwords."""
    return "ingressd does not support digest" if text.strip() == "digest" else ""


ROWS = (
    Row(
        name=_AUTH_TYPE,
        needs=_AUTH_SECRET,
        field="policy.access.basic_auth",
        value=converted(matching("basic|digest", "basic"), _kind),
        lacks=_digest,
        tier=Tier.COMMON,
        summary="basic: requests need a user and a password, else 401. digest is not supported.",
        protects=always,
        elsewhere=drops_ingress,
        remedy="write basic, and hashes as htpasswd makes them into the Secret",
    ),
    Row(
        name=_AUTH_SECRET,
        requires=_AUTH_TYPE,
        field="policy.access.basic_auth.secret",
        value=object_name(),
        refers=users_of,
        tier=Tier.COMMON,
        summary="Secret with the users, name or namespace/name.",
        protects=always,
    ),
    Row(
        name="auth-secret-type",
        requires=_AUTH_SECRET,
        field="policy.access.basic_auth.form",
        value=choice(UserForm),
        tier=Tier.COMMON,
        summary="auth-file (default): htpasswd text in the key auth; auth-map: each key is a user.",
        protects=always,
        elsewhere=drops_ingress,
    ),
    Row(
        name="auth-realm",
        requires=_AUTH_TYPE,
        elsewhere=drops_ingress,
        field="policy.access.basic_auth.realm",
        value=matching(r"[-._~a-zA-Z0-9/: ]+", "letters, digits, spaces and - . _ ~ / :"),
        tier=Tier.COMMON,
        summary="What the client is told it logs in to.",
    ),
)
