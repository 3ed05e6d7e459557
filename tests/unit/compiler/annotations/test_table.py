from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from support.annotation_examples import EXAMPLES, INVALID, OBJECTS, REQUIRED

from ingressd.compiler.annotations.foreign import meant_by
from ingressd.compiler.annotations.reading import Surroundings, read_annotations
from ingressd.compiler.annotations.row import Directives, Row, Support, nothing_lacking
from ingressd.compiler.annotations.table import BY_NAME, PLACES, ROWS
from ingressd.routing.policy import TlsRedirect

PREFIX = "nginx.ingress.kubernetes.io"
READ = [row for row in ROWS if row.support is Support.HONOURED]

INGRESS_NGINX = Path(__file__).with_name("ingress_nginx_1.15.txt").read_text().splitlines()
"""Every annotation of ingress-nginx 1.15."""


def test_table_has_every_annotation_of_ingress_nginx() -> None:
    assert sorted(BY_NAME) == INGRESS_NGINX
    assert len(INGRESS_NGINX) == 138


def beside(row: Row) -> dict[str, str]:
    """The annotations without which a row has no effect."""
    annotations = {}
    for name in filter(None, (row.requires, row.needs)):
        if BY_NAME[name].requires != row.name:
            annotations |= beside(BY_NAME[name])
        annotations[f"{PREFIX}/{name}"] = REQUIRED[name]
    return annotations


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
def test_row_sets_its_policy_field(row: Row) -> None:
    for text, expected in EXAMPLES[row.name]:
        annotations = {**beside(row), f"{PREFIX}/{row.name}": text}
        around = Surroundings("default", OBJECTS.get)
        reading = read_annotations(annotations, PREFIX, surroundings=around)
        assert reading.directives == expected
        plain = msgspec.to_builtins(reading.directives)
        assert msgspec.convert(plain, Directives) == expected, "the value fits the field's type"


@pytest.mark.parametrize(("name", "text"), INVALID)
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
    assert row.field or row.support is not Support.HONOURED
    assert row.support is not Support.HONOURED or not row.remedy or row.lacks is not nothing_lacking
    assert "\n" not in row.summary
    assert row.summary.endswith(".")
    assert not row.usual or row.support in (Support.NOT_YET, Support.NEVER)
    assert row.instead == row.instead.strip(" .;")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("text", [str(2**63 - 1), str(2**53 - 1), "-1", "1" * 40])
def test_no_number_is_too_large_for_the_workers(row: Row, text: str) -> None:
    annotations = {**beside(row), f"{PREFIX}/{row.name}": text}
    directives = read_annotations(annotations, PREFIX).directives
    sent = msgspec.msgpack.encode(directives)
    assert msgspec.msgpack.decode(sent, type=Directives) == directives


def test_no_row_is_unknown_to_ingress_nginx() -> None:
    assert not [row.name for row in ROWS if meant_by(row.name)]


def test_what_closes_something_is_protective() -> None:
    assert {row.name for row in ROWS if row.is_protective} == {
        *("allowlist-source-range", "denylist-source-range"),
        *("auth-type", "auth-secret", "auth-secret-type", "custom-headers"),
        *("auth-url", "auth-method", "auth-response-headers"),
        *("auth-proxy-set-headers", "auth-cache-duration"),
        *("auth-request-redirect", "auth-always-set-cookie"),
        *("auth-tls-secret", "auth-tls-match-cn"),
        *("limit-rps", "limit-rpm", "limit-connections", "limit-allowlist"),
        *("proxy-ssl-secret", "proxy-ssl-verify"),
        *("configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet"),
        *("enable-modsecurity", "enable-owasp-core-rules", "modsecurity-snippet"),
        "backend-protocol",
    }
