"""Authentication of every request by a service."""

from __future__ import annotations

from ingressd.compiler.annotations.auth_values import (
    cache_key,
    header_names,
    method,
    remembered,
    service_url,
    text_with_variables,
)
from ingressd.compiler.annotations.protection import Protects, always, nothing
from ingressd.compiler.annotations.values import Parser, boolean, matching, paths
from ingressd.compiler.configmap.row import Row


def _or_nothing(parser: Parser) -> Parser:
    """An empty text says nothing."""
    return Parser(parser.expected, lambda text: parser.parse(text) if text.strip() else None)


def _auth_row(
    name: str,
    field: str,
    value: Parser,
    summary: str,
    *,
    default: str = "",
    protects: Protects = nothing,
) -> Row:
    """A row about the service that is asked where an Ingress names none itself."""
    return Row(
        name=f"global-auth-{name}",
        field=f"directives.global_auth.{field}",
        value=_or_nothing(value),
        summary=summary,
        default=default,
        protects=protects,
    )


ROWS = (
    _auth_row(
        "url",
        "url",
        service_url(from_annotation=False),
        "URL that is asked whether a request may pass, unless enable-global-auth is false.",
        protects=always,
    ),
    _auth_row("method", "method", method(), "Method with which it is asked, in place of GET."),
    _auth_row(
        "signin",
        "signin",
        text_with_variables(from_annotation=False),
        "URL that clients are sent to instead of 401.",
    ),
    _auth_row(
        "signin-redirect-param",
        "signin_parameter",
        matching(r"[-._~a-zA-Z0-9]+", "the name of a parameter"),
        "Parameter of it: where to go then.",
        default="rd",
    ),
    _auth_row(
        "response-headers",
        "response_headers",
        header_names(),
        "Fields of its answer that pods get; those that clients send are dropped.",
        protects=always,
    ),
    _auth_row(
        "request-redirect",
        "request_redirect",
        text_with_variables(from_annotation=False),
        "X-Auth-Request-Redirect of the question.",
    ),
    _auth_row("cache-key", "cache_key", cache_key(), "What its answers are remembered by."),
    _auth_row(
        "cache-duration",
        "remembered",
        remembered(),
        "How long, by status.",
        default="200 202 401 5m",
    ),
    _auth_row(
        "always-set-cookie",
        "always_set_cookie",
        boolean(),
        "Set its cookies whatever pods answer.",
        default="false",
    ),
    Row(
        name="no-auth-locations",
        default="/.well-known/acme-challenge",
        field="directives.policy.no_auth_paths",
        value=paths(),
        summary="How paths of rules begin that need no authentication, separated by commas.",
    ),
)
