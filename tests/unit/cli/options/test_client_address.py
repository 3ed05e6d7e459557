from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from ingressd.cli.options.client_address import client_address_options, with_client_address
from ingressd.cli.options.sources import SourceOptions, source_options
from ingressd.compiler.settings import CompilerSettings
from ingressd.routing.global_policy import ClientAddress


@pytest.fixture
def seen() -> list[ClientAddress]:
    return []


def _invoke(seen: list[ClientAddress], *arguments: str, **variables: str) -> Result:
    @click.command()
    @source_options
    @client_address_options
    def command(source: SourceOptions, client_address: ClientAddress) -> None:
        settings: CompilerSettings = with_client_address(source, client_address).settings
        seen.append(settings.global_policy.client_address)

    return CliRunner().invoke(command, arguments, env=variables)


def test_by_default_nobody_is_believed(seen: list[ClientAddress]) -> None:
    assert _invoke(seen).exit_code == 0
    assert seen == [ClientAddress()]


def test_every_flag_is_an_environment_variable_too(seen: list[ClientAddress]) -> None:
    result = _invoke(
        seen,
        INGRESSD_USE_PROXY_PROTOCOL="true",
        INGRESSD_USE_FORWARDED_HEADERS="1",
        INGRESSD_PROXY_REAL_IP_CIDR="10.0.0.0/8, 2001:db8::1,10.0.0.0/8,",
    )
    assert result.exit_code == 0, result.output
    assert seen == [
        ClientAddress(
            proxy_protocol=True, forwarded_headers=True, trusted=("10.0.0.0/8", "2001:db8::1")
        )
    ]


def test_the_proxy_protocol_may_be_used_alone(seen: list[ClientAddress]) -> None:
    assert _invoke(seen, "--use-proxy-protocol").exit_code == 0
    assert seen == [ClientAddress(proxy_protocol=True)]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--proxy-real-ip-cidr", "10.0.0.0/33", "--use-proxy-protocol"], "'10.0.0.0/33'"),
        (["--proxy-real-ip-cidr", "lb.example.com"], "'lb.example.com' is neither"),
        (["--use-forwarded-headers"], "believes nobody"),
        (["--proxy-real-ip-cidr", "10.0.0.0/8"], "needs --use-forwarded-headers or"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    seen: list[ClientAddress], arguments: list[str], complaint: str
) -> None:
    result = _invoke(seen, *arguments)
    assert result.exit_code == 2
    assert complaint in " ".join(result.output.split())
    assert seen == []


def test_believing_everybody_is_warned_about(
    seen: list[ClientAddress], caplog: pytest.LogCaptureFixture
) -> None:
    _invoke(seen, "--use-forwarded-headers", "--proxy-real-ip-cidr", "10.0.0.0/8,0.0.0.0/0")
    assert seen[0].trusted == ("10.0.0.0/8", "0.0.0.0/0")
    assert [record.getMessage()[:31] for record in caplog.records] == [
        "--proxy-real-ip-cidr 0.0.0.0/0:"
    ]


def test_a_configmap_may_add_what_is_missing(seen: list[ClientAddress]) -> None:
    result = _invoke(seen, "--use-forwarded-headers", "--configmap", "ingress/settings")
    assert result.exit_code == 0
    assert seen == [ClientAddress(forwarded_headers=True)]
