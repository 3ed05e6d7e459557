"""``ingressd hosts``: what /etc/hosts needs so that the manifests' names lead here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from ingressd.cli.compiled import compile_source
from ingressd.cli.options.sources import SourceOptions, source_options
from ingressd.cli.rendering.terminal import show
from ingressd.routing.hosts import is_wildcard


@click.command("hosts")
@click.option(
    "--address", default="127.0.0.1", show_default=True, help="Where the names shall lead."
)
@source_options
def command(address: str, source: SourceOptions) -> None:
    """Print the lines that /etc/hosts needs for the hosts of the manifests.

    \b
    For example:  ingressd hosts --manifests examples/kubia | sudo tee -a /etc/hosts
    """
    table = compile_source(source).table
    lines = tuple(hosts_lines(table.hosts, address))
    show("\n".join(lines) if lines else "# no Ingress names a host")


def hosts_lines(names: Iterable[str], address: str) -> Iterator[str]:
    """A line for each exact name, and a comment for each wildcard: /etc/hosts knows none."""
    ordered = sorted(name for name in names if name)
    yield from (f"{address}\t{name}" for name in ordered if not is_wildcard(name))
    for name in filter(is_wildcard, ordered):
        yield f"# {name}: add the names you use, for example {address} any{name[1:]}"
