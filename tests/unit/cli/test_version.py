from __future__ import annotations

from click.testing import CliRunner

from ingressd import __version__
from ingressd.cli.version import command


def test_it_names_itself_python_and_the_libraries_that_matter() -> None:
    lines = CliRunner().invoke(command).output.splitlines()

    assert lines[0] == f"ingressd {__version__}"
    assert lines[1].startswith("Python 3.")
    assert any(line.startswith("aiohttp 3.") for line in lines)
