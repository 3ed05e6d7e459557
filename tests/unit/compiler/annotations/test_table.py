from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ingressd.compiler.annotations.foreign import meant_by
from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.row import Directives, Row, Support
from ingressd.compiler.annotations.table import BY_NAME, PLACES, ROWS
from ingressd.routing.policy import (
    AffinityMode,
    CookieAffinity,
    Policy,
    Rewrite,
    Timeouts,
    TlsRedirect,
)

PREFIX = "nginx.ingress.kubernetes.io"
STICKY = CookieAffinity()


def affinity(**fields: object) -> Policy:
    return Policy(affinity=msgspec.structs.replace(STICKY, **fields))


EXAMPLES: dict[str, list[tuple[str, Directives]]] = {
    "canary": [("true", Directives(is_canary=True)), ("false", Directives())],
    "use-regex": [("true", Directives(use_regex=True)), ("false", Directives())],
    "rewrite-target": [("/$1", Directives(Policy(rewrite=Rewrite("/$1"))))],
    "ssl-redirect": [
        ("true", Directives()),
        ("false", Directives(Policy(tls_redirect=TlsRedirect.OFF))),
    ],
    "force-ssl-redirect": [
        ("true", Directives(Policy(tls_redirect=TlsRedirect.ALWAYS))),
        ("false", Directives()),
    ],
    "preserve-trailing-slash": [("true", Directives(Policy(preserve_trailing_slash=True)))],
    "affinity": [("cookie", Directives(affinity()))],
    "affinity-mode": [("persistent", Directives(affinity(mode=AffinityMode.PERSISTENT)))],
    "session-cookie-name": [("route", Directives(affinity(name="route")))],
    "session-cookie-path": [("/", Directives(affinity(path="/")))],
    "session-cookie-domain": [(".example.com", Directives(affinity(domain=".example.com")))],
    "session-cookie-max-age": [("60", Directives(affinity(max_age=60)))],
    "session-cookie-expires": [("60", Directives(affinity(expires=60)))],
    "session-cookie-samesite": [("Strict", Directives(affinity(same_site="Strict")))],
    "session-cookie-secure": [
        ("true", Directives(affinity(secure=True))),
        ("false", Directives(affinity())),
    ],
    "session-cookie-change-on-failure": [("true", Directives(affinity(change_on_failure=True)))],
    "proxy-connect-timeout": [("1", Directives(Policy(timeouts=Timeouts(connect=1))))],
    "proxy-read-timeout": [("1", Directives(Policy(timeouts=Timeouts(read=1))))],
    "proxy-send-timeout": [("1", Directives(Policy(timeouts=Timeouts(send=1))))],
}
INVALID = {
    "rewrite-target": "/foo?bar",
    "affinity": "ip",
    "session-cookie-name": "a;b",
    "session-cookie-path": "foo",
    "session-cookie-domain": "a b",
    "session-cookie-samesite": "never",
    "proxy-read-timeout": "60s",
    "ssl-redirect": "yes",
}


READ = [row for row in ROWS if row.value is not None]

INGRESS_NGINX = Path(__file__).with_name("ingress_nginx_1.15.txt").read_text().splitlines()
"""Every annotation of ingress-nginx 1.15."""


def test_table_has_every_annotation_of_ingress_nginx() -> None:
    assert sorted(BY_NAME) == INGRESS_NGINX
    assert len(INGRESS_NGINX) == 138


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
def test_row_sets_its_policy_field(row: Row) -> None:
    for text, expected in EXAMPLES[row.name]:
        annotations = {f"{PREFIX}/{row.name}": text}
        if row.requires:
            annotations[f"{PREFIX}/{row.requires}"] = "cookie"
        reading = read_annotations(annotations, PREFIX)
        assert reading.directives == expected
        plain = msgspec.to_builtins(reading.directives)
        assert msgspec.convert(plain, Directives) == expected, "the value fits the field's type"


@pytest.mark.parametrize(("name", "text"), INVALID.items())
def test_row_refuses(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        BY_NAME[name].value.parse(text)


def test_force_wins_over_ssl_redirect() -> None:
    annotations = {f"{PREFIX}/ssl-redirect": "false", f"{PREFIX}/force-ssl-redirect": "true"}
    policy = read_annotations(annotations, PREFIX).directives.policy
    assert policy.tls_redirect is TlsRedirect.ALWAYS


def test_names_are_unique_and_requirements_exist_earlier() -> None:
    names = [name for row in ROWS for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names)) == len(BY_NAME)
    for row in ROWS:
        assert not row.requires or PLACES[row.requires] < PLACES[row.name]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_is_complete(row: Row) -> None:
    assert bool(row.field) == (row.value is not None)
    assert row.field or row.support is not Support.HONOURED
    assert row.support is not Support.HONOURED or not row.remedy
    assert "\n" not in row.summary
    assert row.summary.endswith(".")
    assert not row.usual or row.support in (Support.NOT_YET, Support.NEVER)
    assert row.instead == row.instead.strip(" .;")


def test_no_row_is_unknown_to_ingress_nginx() -> None:
    assert not [row.name for row in ROWS if meant_by(row.name)]


def test_what_closes_something_is_protective() -> None:
    assert {row.name for row in ROWS if row.is_protective} == {
        *("allowlist-source-range", "denylist-source-range", "satisfy"),
        *("auth-type", "auth-secret"),
        *("auth-url", "auth-method", "auth-response-headers"),
        *("auth-proxy-set-headers", "auth-cache-duration"),
        *("auth-tls-secret", "auth-tls-verify-client", "auth-tls-match-cn"),
        *("limit-rps", "limit-rpm", "limit-connections"),
        *("proxy-ssl-secret", "proxy-ssl-verify"),
        *("configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet"),
        *("enable-modsecurity", "enable-owasp-core-rules", "modsecurity-snippet"),
        "canary",
    }
