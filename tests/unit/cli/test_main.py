from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ingressd.cli.main import SUMMARIES, main


def test_the_help_lists_every_command() -> None:
    shown = CliRunner().invoke(main, ["--help"]).output

    assert [name for name in SUMMARIES if f"  {name} " in shown] == list(SUMMARIES)


@pytest.mark.parametrize("name", SUMMARIES)
def test_every_command_exists_and_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])

    assert result.exit_code == 0
    assert f"Usage: main {name}" in result.output


def test_an_unknown_command_is_an_error() -> None:
    result = CliRunner().invoke(main, ["rn"])

    assert result.exit_code == 2
    assert "No such command 'rn'" in result.output


def test_the_help_imports_no_server() -> None:
    script = "import sys, ingressd.cli.main; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()

    assert "click" in loaded
    assert set(loaded).isdisjoint({"aiohttp", "cryptography", "kubernetes_asyncio", "yaml"})


def test_commands_are_click_commands() -> None:
    context = click.Context(main)

    assert all(isinstance(main.get_command(context, name), click.Command) for name in SUMMARIES)
