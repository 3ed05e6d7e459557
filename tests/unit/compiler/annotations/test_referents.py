from __future__ import annotations

from typing import Any

import pytest
from support.certificates import CertificateAuthority

from ingressd.compiler.annotations.referent import Referent
from ingressd.compiler.annotations.referents import (
    AUTH_FILE,
    AUTH_MAP,
    CLIENT_CA,
    HEADERS_OF_ANSWERS,
    HEADERS_OF_REQUESTS,
    HEADERS_WITH_VARIABLES,
    LITERAL_HEADERS_OF_ANSWERS,
    POD_TLS,
    VERIFYING_POD_TLS,
    pod_tls_of,
    users_of,
)

FROM_ANYWHERE = (HEADERS_OF_ANSWERS, LITERAL_HEADERS_OF_ANSWERS, HEADERS_OF_REQUESTS)
AUTHORITY = CertificateAuthority()
CA = AUTHORITY.pem
PEM = b"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("referent", "content"),
    [
        (AUTH_FILE, {"auth": b"jane:x", "more": b""}),
        (AUTH_MAP, {"jane": b"x"}),
        (CLIENT_CA, {"ca.crt": CA}),
        (CLIENT_CA, {"ca.crt": CA + CA, "ca.crl": AUTHORITY.revocations()}),
        (CLIENT_CA, {"ca.crt": CA, "ca.crl": b""}),
        (POD_TLS, {"tls.crt": PEM, "tls.key": b"key"}),
        (POD_TLS, {"ca.crt": PEM}),
        (VERIFYING_POD_TLS, {"ca.crt": PEM}),
        (VERIFYING_POD_TLS, {"ca.crt": PEM, "tls.crt": PEM, "tls.key": b"key"}),
        (HEADERS_WITH_VARIABLES, {"X-Frame-Options": "DENY", "X-Empty": ""}),
        (HEADERS_WITH_VARIABLES, {}),
        (LITERAL_HEADERS_OF_ANSWERS, {"X": "$nothing"}),
    ],
)
def test_nothing_is_wrong_with(referent: Referent[Any], content: dict[str, Any]) -> None:
    assert referent.fault(content) == ""


@pytest.mark.parametrize(
    ("referent", "content", "fault"),
    [
        (AUTH_FILE, {"htpasswd": b"jane:x"}, "has no key auth"),
        (AUTH_FILE, {"auth": b" \n"}, "has nothing under its key auth"),
        (AUTH_MAP, {}, "has no key, and so no user"),
        (CLIENT_CA, {"tls.crt": PEM}, "has no key ca.crt"),
        (CLIENT_CA, {"ca.crt": b"PEM"}, "has no PEM certificate in ca.crt"),
        (
            CLIENT_CA,
            {"ca.crt": CA + PEM},
            "has something under ca.crt that is no PEM certificate",
        ),
        (
            CLIENT_CA,
            {"ca.crt": CA, "ca.crl": b"x"},
            "has something under ca.crl that is no PEM list of revocations",
        ),
        (POD_TLS, {}, "has neither tls.crt and tls.key nor ca.crt"),
        (POD_TLS, {"tls.crt": PEM}, "has no key tls.key"),
        (POD_TLS, {"tls.crt": b"", "tls.key": b""}, "has no PEM certificate in tls.crt"),
        (POD_TLS, {"ca.crt": b""}, "has no PEM certificate in ca.crt"),
        (VERIFYING_POD_TLS, {"tls.crt": PEM, "tls.key": b"key"}, "has no key ca.crt"),
        (VERIFYING_POD_TLS, {"ca.crt": PEM, "tls.crt": PEM}, "has no key tls.key"),
        (
            HEADERS_WITH_VARIABLES,
            {"X": "$nothing"},
            "has unknown variable $nothing in the value of X",
        ),
        (
            LITERAL_HEADERS_OF_ANSWERS,
            {"X": "$nothing", "Connection": "close"},
            "has Connection, which ingressd writes itself",
        ),
    ],
)
def test_what_is_wrong(referent: Referent[Any], content: dict[str, Any], fault: str) -> None:
    assert referent.fault(content) == fault


@pytest.mark.parametrize("referent", [HEADERS_WITH_VARIABLES, *FROM_ANYWHERE])
@pytest.mark.parametrize(
    ("name", "value"), [("X Y", ""), ("X:", ""), ("", ""), ("X", "a\nb"), ("X", "a\x00")]
)
def test_what_would_be_no_header_is_refused(referent: Referent[str], name: str, value: str) -> None:
    assert referent.fault({"X-Good": "1", name: value})


def test_headers_are_pairs_in_a_policy() -> None:
    pairs = HEADERS_WITH_VARIABLES.value("default/h", {"B": "2", "A": "1"})
    assert pairs == (("A", "1"), ("B", "2"))
    assert HEADERS_WITH_VARIABLES.is_confined
    assert not any(referent.is_confined for referent in FROM_ANYWHERE)


def test_auth_secret_type_decides_what_is_asked_of_auth_secret() -> None:
    assert users_of({"auth-secret": "users"}) is AUTH_FILE
    assert users_of({"auth-secret-type": "auth-map"}) is AUTH_MAP
    assert users_of({"auth-secret-type": "rubbish"}) is AUTH_FILE


@pytest.mark.parametrize(
    ("referent", "content", "doubt"),
    [
        (AUTH_FILE, {"auth": b"jane:{PLAIN}x"}, ""),
        (AUTH_MAP, {"jane": b"{PLAIN}x"}, ""),
        (
            AUTH_FILE,
            {"auth": b"jane:x\n", "more": b"joe:x"},
            "has a user who cannot log in (line 1: no hash that can be checked)",
        ),
        (
            AUTH_MAP,
            {"jane": b"{PLAIN}x", "ann": b"x", "joe": b"x", "kim": b""},
            "has a user who cannot log in (key ann: no hash that can be checked), and 2 more like "
            "it",
        ),
    ],
)
def test_users_who_cannot_log_in_are_doubtful(
    referent: Referent[Any], content: dict[str, bytes], doubt: str
) -> None:
    assert referent.doubt(content) == doubt


def test_authorities_are_needed_where_pods_are_verified() -> None:
    assert pod_tls_of({}) is pod_tls_of({"proxy-ssl-verify": " off"}) is POD_TLS
    assert pod_tls_of({"proxy-ssl-verify": "on"}) is VERIFYING_POD_TLS
    assert pod_tls_of({"proxy-ssl-verify": "yes"}) is VERIFYING_POD_TLS, "rather closed than open"
