from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import Reading, read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.routing.policy import TlsRedirect

PREFIX = "nginx.ingress.kubernetes.io"
ALLOWED = Directives(may_pass_through=True)


def read(base: Directives = ALLOWED, **texts: str) -> Reading:
    written = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in texts.items()}
    return read_annotations(written, PREFIX, base)


def outcomes(reading: Reading) -> dict[str, Outcome]:
    return {each.annotation.removeprefix(f"{PREFIX}/"): each.outcome for each in reading.verdicts}


def test_it_needs_a_flag() -> None:
    reading = read(Directives(), ssl_passthrough="true", enable_cors="true")
    assert not reading.directives.host.passthrough
    assert outcomes(reading) == {
        "ssl-passthrough": Outcome.UNSUPPORTED,
        "enable-cors": Outcome.HONOURED,
    }
    assert "--enable-ssl-passthrough" in reading.verdicts[1].message


@pytest.mark.parametrize("base", [ALLOWED, Directives()])
def test_one_that_is_off_needs_nothing(base: Directives) -> None:
    reading = read(base, ssl_passthrough="false", enable_cors="true")
    assert set(outcomes(reading).values()) == {Outcome.HONOURED}


def test_the_rest_holds_for_plain_http_alone() -> None:
    reading = read(
        ssl_passthrough="true",
        force_ssl_redirect="true",
        allowlist_source_range="10.0.0.0/8",
        limit_rps="x",
    )
    assert reading.directives.host.passthrough
    assert reading.directives.policy.tls_redirect is TlsRedirect.ALWAYS
    assert outcomes(reading) == {
        "ssl-passthrough": Outcome.HONOURED,
        "force-ssl-redirect": Outcome.HONOURED,
        "allowlist-source-range": Outcome.OVERRIDDEN,
        "limit-rps": Outcome.INVALID,
    }


def test_certificates_of_clients_go_before_it() -> None:
    reading = read(ssl_passthrough="true", auth_tls_secret="missing")
    assert not reading.directives.host.passthrough
    assert reading.directives.host.is_closed
    assert outcomes(reading)["ssl-passthrough"] is Outcome.UNSUPPORTED
