"""``ingressd version``."""

from __future__ import annotations

import platform
from importlib import metadata

import click

from ingressd import __version__

SHOWN = ("aiohttp", "uvloop", "httptools", "msgspec", "kubernetes-asyncio")
"""Dependencies whose version matters in a bug report."""


@click.command("version")
def command() -> None:
    """Show the version of ingressd and of what it stands on."""
    click.echo(f"ingressd {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")
    for name in SHOWN:
        click.echo(f"{name} {metadata.version(name)}")
