from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from ingressd.cli.options.cluster import ClusterFlags, cluster_options


@pytest.fixture
def seen() -> list[ClusterFlags]:
    return []


def _invoke(seen: list[ClusterFlags], *arguments: str, **variables: str) -> Result:
    @click.command()
    @cluster_options
    def command(cluster: ClusterFlags) -> None:
        seen.append(cluster)

    return CliRunner().invoke(command, arguments, env=variables)


def test_the_defaults_write_no_status(seen: list[ClusterFlags]) -> None:
    assert _invoke(seen).exit_code == 0
    assert seen == [ClusterFlags("", (), "ingressd-leader", True)]


def test_every_flag_is_an_environment_variable_too(seen: list[ClusterFlags]) -> None:
    result = _invoke(
        seen,
        INGRESSD_PUBLISH_SERVICE="ingress/front",
        INGRESSD_PUBLISH_STATUS_ADDRESS="192.0.2.1",
        INGRESSD_ELECTION_ID="other",
        INGRESSD_UPDATE_STATUS_ON_SHUTDOWN="false",
    )
    assert result.exit_code == 0
    assert seen == [ClusterFlags("ingress/front", ("192.0.2.1",), "other", False)]


def test_addresses_are_ips_and_names(seen: list[ClusterFlags]) -> None:
    _invoke(seen, "--publish-status-address", "192.0.2.1, LB.example.com,2001:DB8::1,192.0.2.1")
    assert seen[0].publish_status_address == ("192.0.2.1", "lb.example.com", "2001:db8::1")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--publish-status-address", "192.0.2.300"], "'192.0.2.300' is neither"),
        (["--publish-status-address", "under_score"], "'under_score' is neither"),
        (["--publish-status-address", "a.b,http://x"], "'http://x' is neither"),
        (["--publish-service", "front"], "'front' is not of the form NAMESPACE/NAME"),
        (["--election-id", "a/b"], "'a/b' is not a name for a Lease"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    seen: list[ClusterFlags], arguments: list[str], complaint: str
) -> None:
    result = _invoke(seen, *arguments)
    assert result.exit_code == 2
    assert complaint in result.output.replace("\n", " ")
    assert seen == []
