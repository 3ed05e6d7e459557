"""Redirects to https and elsewhere."""

from __future__ import annotations

from ingressd.compiler.annotations.field_values import url_start
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import Parser, boolean, parse_int, paths
from ingressd.compiler.configmap.row import Row

_HTTPS_STATUSES = (301, 302, 307, 308)


def _status(text: str) -> int:
    status = parse_int(text)
    if status not in _HTTPS_STATUSES:
        raise ValueError("not such a status")
    return status


ROWS = (
    Row(
        name="ssl-redirect",
        field="directives.ssl_redirect",
        value=boolean(),
        default="true",
        summary="Redirect http to https where the host has spec.tls.",
    ),
    Row(
        name="force-ssl-redirect",
        field="directives.force_ssl_redirect",
        value=boolean(),
        default="false",
        summary="Redirect http to https even where the host has no spec.tls.",
    ),
    Row(
        name="preserve-trailing-slash",
        field="directives.policy.preserve_trailing_slash",
        value=boolean(),
        default="false",
        summary="Keep the trailing slash in the redirect to https.",
    ),
    Row(
        name="http-redirect-code",
        field="global_policy.https_redirect.status",
        value=Parser("301, 302, 307 or 308", _status),
        default="308",
        summary="Status of the redirect to https: 301, 302, 307 or 308.",
    ),
    Row(
        name="no-tls-redirect-locations",
        field="global_policy.https_redirect.exempt",
        value=paths(),
        default="/.well-known/acme-challenge",
        summary="How paths begin that are not redirected to https, separated by commas.",
    ),
    Row(
        name="use-port-in-redirects",
        field="directives.policy.port_in_redirects",
        value=boolean(),
        default="false",
        summary="Always name the https port in the redirect to https, and an unusual port of "
        "ingressd in redirects to a path.",
    ),
    Row(
        name="relative-redirects",
        field="directives.policy.relative_redirects",
        value=boolean(),
        default="false",
        summary="Leave scheme and host out of a Location that is a path.",
    ),
    Row(
        name="app-root",
        summary="Path that / of every host is sent to, with 302.",
        support=Support.NO_OP,
        instead="ingress-nginx does not look at it either",
        remedy="write the annotation app-root",
    ),
    Row(
        name="proxy-redirect-from",
        default="off",
        field="directives.policy.answer_fields.location.old",
        value=url_start("off", "default"),
        summary="Start of pods' Location and Refresh that proxy-redirect-to replaces.",
    ),
    Row(
        name="proxy-redirect-to",
        default="off",
        field="directives.policy.answer_fields.location.new",
        value=url_start("off"),
        summary="What stands in the place of proxy-redirect-from.",
    ),
)
