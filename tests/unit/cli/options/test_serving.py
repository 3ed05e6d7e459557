from __future__ import annotations

import click
import pytest
from click.testing import CliRunner, Result

from ingressd.cli.options.serving import ServingFlags, available_cores, serving_options


@pytest.fixture
def seen() -> list[ServingFlags]:
    return []


def _invoke(seen: list[ServingFlags], *arguments: str, **variables: str) -> Result:
    @click.command()
    @serving_options
    def command(serving: ServingFlags) -> None:
        seen.append(serving)

    return CliRunner().invoke(command, arguments, env=variables)


def test_the_defaults_are_those_of_the_contract(seen: list[ServingFlags]) -> None:
    assert _invoke(seen).exit_code == 0

    (flags,) = seen
    assert flags.addresses.hosts == ("0.0.0.0",)
    assert (flags.http_port, flags.https_port, flags.admin_port) == (80, 443, 10254)
    assert flags.workers == available_cores()
    assert flags.shutdown_grace_period == 30.0
    assert flags.proxy_settings.log_format == "json"
    assert flags.proxy_settings.access_log
    assert flags.affinity_key == b""


def test_every_flag_is_an_environment_variable_too(seen: list[ServingFlags]) -> None:
    result = _invoke(
        seen,
        INGRESSD_ADDRESS="127.0.0.1 ::1",
        INGRESSD_HTTP_PORT="8080",
        INGRESSD_WORKERS="3",
        INGRESSD_ACCESS_LOG="0",
        INGRESSD_LOG_FORMAT="text",
        INGRESSD_AFFINITY_KEY="correct horse battery",
    )
    assert result.exit_code == 0

    (flags,) = seen
    assert flags.address == ("127.0.0.1", "::1")
    assert (flags.http_port, flags.workers, flags.access_log) == (8080, 3, False)
    assert flags.proxy_settings.affinity_key == b"correct horse battery"
    assert flags.proxy_settings.log_format == "text"


def test_the_affinity_key_is_in_no_repr(seen: list[ServingFlags]) -> None:
    _invoke(seen, "--affinity-key", "correct horse battery")

    assert "horse" not in repr(seen[0])


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--address", "localhost"], "'localhost' does not appear to be an IPv4 or IPv6 address"),
        (["--http-port", "8080", "--admin-port", "8080"], "must differ from one another"),
        (["--http-port", "65536"], "65536 is not in the range"),
        (["--workers", "0"], "0 is not in the range"),
        (["--worker-memory-limit", "much"], "not a size: a whole number of bytes such as 1000,"),
        (["--worker-memory-limit", "-1"], "not a size"),
        (["--worker-memory-limit", "400i"], "not a size"),
        (["--shutdown-grace-period", "-1"], "-1.0 is not in the range"),
        (["--log-format", "xml"], "'xml' is not one of"),
        (["--affinity-key", "short"], "needs at least 16 characters"),
        (["--templates", "/nonexistent"], "does not exist"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    seen: list[ServingFlags], arguments: list[str], complaint: str
) -> None:
    result = _invoke(seen, *arguments)

    assert result.exit_code == 2
    assert complaint in result.output.replace("\n", " ")
    assert seen == []


@pytest.mark.parametrize(
    ("arguments", "limit"),
    [
        ((), None),
        (("0",), 0),
        (("1000",), 1000),
        (("400m",), 400 << 20),
        (("400Mi",), 400 << 20),
        (("1g",), 1 << 30),
        (("1Gi",), 1 << 30),
    ],
)
def test_the_limit_of_memory_is_a_size_or_is_found_out(
    seen: list[ServingFlags], arguments: tuple[str, ...], limit: int | None
) -> None:
    flags = ("--worker-memory-limit", *arguments) if arguments else ()
    assert _invoke(seen, *flags).exit_code == 0
    assert seen[0].worker_memory_limit == limit


def test_free_ports_may_be_asked_for_more_than_once(seen: list[ServingFlags]) -> None:
    result = _invoke(seen, "--http-port", "0", "--https-port", "0", "--admin-port", "0")

    assert result.exit_code == 0
