"""The command line in this process, as ``ingressd ...`` would run it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from ingressd.cli.main import main

EXAMPLES = Path(__file__).parents[2] / "examples"


def ingressd(*arguments: object, input: str | None = None) -> Result:
    """Run a command; what it raises beyond an exit code is raised here."""
    return CliRunner().invoke(
        main,
        [str(argument) for argument in arguments],
        input=input,
        catch_exceptions=False,
        env={"COLUMNS": "100"},
    )
