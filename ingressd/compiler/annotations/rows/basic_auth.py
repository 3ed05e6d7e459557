"""Passwords that ingressd checks itself."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Support, Tier

_IN_THE_APPLICATION = "check passwords in the application, then remove the annotation"

ROWS = (
    Row(
        name="auth-type",
        tier=Tier.COMMON,
        summary="basic or digest: requests need a user and a password, else 401.",
        protects=always,
        support=Support.NOT_YET,
        remedy=_IN_THE_APPLICATION,
    ),
    Row(
        name="auth-secret",
        tier=Tier.COMMON,
        summary="Secret with the users, name or namespace/name.",
        protects=always,
        support=Support.NOT_YET,
        remedy=_IN_THE_APPLICATION,
    ),
    Row(
        name="auth-secret-type",
        requires="auth-secret",
        tier=Tier.COMMON,
        summary="auth-file (default): htpasswd text in the key auth; auth-map: each key is a user.",
        support=Support.NOT_YET,
    ),
    Row(
        name="auth-realm",
        requires="auth-type",
        tier=Tier.COMMON,
        summary="What the client is told it logs in to.",
        support=Support.NOT_YET,
    ),
)
