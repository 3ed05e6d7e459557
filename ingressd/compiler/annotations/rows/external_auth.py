"""A service that is asked whether a request may pass."""

from __future__ import annotations

import re
from collections.abc import Callable

from ingressd.compiler.annotations.auth_values import (
    allowed_in_url,
    cache_key,
    header_names,
    lacking_headers,
    method,
    remembered,
    service_url,
    text_with_variables,
)
from ingressd.compiler.annotations.elsewhere import (
    Elsewhere,
    Reaction,
    default_used,
    drops_ingress,
    ignores,
)
from ingressd.compiler.annotations.protection import Protects, always, nothing
from ingressd.compiler.annotations.referent import Refers, always_to
from ingressd.compiler.annotations.referents import HEADERS_WITH_VARIABLES
from ingressd.compiler.annotations.row import (
    Directives,
    Idle,
    Modified,
    Row,
    Support,
    Tier,
    never_idle,
    nothing_lacking,
)
from ingressd.compiler.annotations.values import (
    Parser,
    boolean,
    converted,
    integer,
    matching,
    object_name,
)
from ingressd.routing.policy import ExternalAuth

_AUTH_URL = "auth-url"
_WORDS = re.compile(r"[-._~a-zA-Z0-9/:, ]*")
_WITHOUT_VARIABLES = r"[-._~a-zA-Z0-9/:?&=]+"


def _auth_row(
    name: str,
    field: str,
    value: Parser,
    summary: str,
    *,
    tier: Tier = Tier.COMMON,
    protects: Protects = nothing,
) -> Row:
    """A row that needs ``auth-url`` beside it; without it nobody is asked."""
    return Row(
        name=name,
        requires=_AUTH_URL,
        tier=tier,
        field=f"external_auth.{field}",
        value=value,
        summary=summary,
        protects=protects,
        lacks=_LACKS.get(field, nothing_lacking),
        elsewhere=_ELSEWHERE.get(field, default_used),
        refers=_REFERS.get(field),
        modifies=_MODIFIES.get(field),
        idles=_names_nothing if field == "response_headers" else never_idle,
    )


def _names_nothing_readable(text: str) -> bool:
    """Of headers that are ours anyway there is nothing to fear."""
    try:
        header_names().parse(text)
    except ValueError:
        return True
    return False


def _names_nothing(text: str, base: Directives, directives: Directives) -> Idle | None:
    auth = directives.policy.external_auth
    if auth is None or auth.response_headers or lacking_headers(text):
        return None
    return Idle("it names no header", "name headers, or remove it")


_LACKS: dict[str, Callable[[str], str]] = {"response_headers": lacking_headers}
_REFERS: dict[str, Refers] = {"headers": always_to(HEADERS_WITH_VARIABLES)}


def _has_signin(directives: Directives) -> bool:
    auth = directives.policy.external_auth
    return auth is not None and bool(auth.signin)


def _remembers(directives: Directives) -> bool:
    auth = directives.policy.external_auth
    return auth is not None and bool(auth.cache_key)


def _asks_globally(directives: Directives) -> bool:
    """Whether the ConfigMap has every request asked about, be it in vain."""
    is_lacking = any(key.startswith("global-auth-") for key in directives.lacking)
    return is_lacking or bool(directives.global_auth.url)


_MODIFIES = {
    "signin_parameter": Modified("`auth-signin`", _has_signin),
    "remembered": Modified("`auth-cache-key`", _remembers),
}

_asks_nobody = ignores("auth-url, and let everybody in")
_ELSEWHERE: dict[str, Elsewhere] = {
    "always_set_cookie": _asks_nobody,
    "remembered": lambda text: None if _WORDS.fullmatch(text) else _asks_nobody(text),
    "request_redirect": _asks_nobody,
}


def _without_url(text: str) -> Reaction | None:
    """The characters decide: of a URL that is wrong in another way the paths are closed."""
    if not text.strip():
        return _asks_nobody(text)
    return None if allowed_in_url(text) else drops_ingress(text)


def _keepalive_row(name: str, value: Parser, summary: str) -> Row:
    return Row(
        name=name,
        value=value,
        requires=_AUTH_URL,
        tier=Tier.RARE,
        summary=summary,
        support=Support.NO_OP,
        instead="ingressd decides itself how long it keeps connections",
        remedy="leave it or remove it",
    )


# What ingress-nginx answers to some of these texts is to ask nobody: here the paths are closed.
ROWS = (
    Row(
        name=_AUTH_URL,
        tier=Tier.COMMON,
        field="external_auth",
        value=converted(service_url(from_annotation=True), ExternalAuth),
        elsewhere=_without_url,
        summary="URL that is asked about every request: 2xx admits; 401 and 403 are passed on, "
        "all else is 500. Among files, names such as auth.sso.svc.cluster.local lead to the "
        "endpoints of that Service.",
        protects=always,
    ),
    _auth_row(
        "auth-method",
        "method",
        method(),
        "Method of the question (default GET).",
        protects=always,
    ),
    _auth_row(
        "auth-signin",
        "signin",
        text_with_variables(from_annotation=True),
        "URL that a 401 is turned into a redirect to.",
    ),
    _auth_row(
        "auth-signin-redirect-param",
        "signin_parameter",
        matching(_WITHOUT_VARIABLES, "the name of a parameter"),
        "Parameter of that URL which says where the client came from (default rd).",
    ),
    _auth_row(
        "auth-response-headers",
        "response_headers",
        header_names(),
        "Headers of the answer that the pod gets; those the client sent are dropped.",
        protects=_names_nothing_readable,
    ),
    _auth_row(
        "auth-request-redirect",
        "request_redirect",
        matching(_WITHOUT_VARIABLES, "a URL of letters, digits and - . _ ~ / : ? & ="),
        "X-Auth-Request-Redirect of the question (default: path and query of the request).",
        protects=always,
    ),
    _auth_row(
        "auth-always-set-cookie",
        "always_set_cookie",
        boolean(),
        "Cookies of the answer reach the client whatever the pod answers (default false).",
        protects=always,
    ),
    _auth_row(
        "auth-proxy-set-headers",
        "headers",
        object_name(),
        "ConfigMap, namespace/name, with headers of the question.",
        tier=Tier.EXPECTED,
        protects=always,
    ),
    _auth_row(
        "auth-cache-key",
        "cache_key",
        cache_key(),
        "Text with variables: for equal texts the answer is remembered.",
        tier=Tier.EXPECTED,
    ),
    _auth_row(
        "auth-cache-duration",
        "remembered",
        remembered(),
        "How long, by status (default 200 202 401 5m).",
        tier=Tier.EXPECTED,
        protects=always,
    ),
    Row(
        name="enable-global-auth",
        tier=Tier.COMMON,
        field="uses_global_auth",
        value=boolean(),
        modifies=Modified("`global-auth-url` in the ConfigMap", _asks_globally),
        summary="Whether global-auth-url of the ConfigMap is asked (default true).",
    ),
    _keepalive_row(
        "auth-keepalive", integer(), "Idle connections kept to the service that is asked."
    ),
    _keepalive_row("auth-keepalive-requests", integer(), "Questions on one of these connections."),
    _keepalive_row(
        "auth-keepalive-share-vars", boolean(), "Share nginx variables with the question."
    ),
    _keepalive_row(
        "auth-keepalive-timeout", integer(), "Seconds that one of these connections may idle."
    ),
)
