"""The ``ingressd`` command. Each subcommand is a module, imported only when it is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from ingressd.cli.standard_streams import open_standard_streams

SUMMARIES = {
    "run": "Serve the Ingresses of files or of a cluster.",
    "demo": "Serve three example pods on this machine; needs no input.",
    "check": "List everything that is wrong with manifests.",
    "explain": "Tell what becomes of a URL, and why.",
    "routes": "Show the compiled table.",
    "hosts": "Print the /etc/hosts lines that the manifests' hosts need.",
    "annotations": "List every annotation, and what ingressd makes of it.",
    "convert": "Print legacy Ingresses as networking.k8s.io/v1.",
    "version": "Show the version.",
}
"""Every command with its line in ``ingressd --help``, which imports none of them."""


class LazyGroup(click.Group):
    """Commands that are imported when they run: ``ingressd.cli.<name>.command``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, None where there is none."""
        if cmd_name not in SUMMARIES:
            return None
        command = import_module(f"ingressd.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from SUMMARIES."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
def main() -> None:
    """A Kubernetes Ingress controller and reverse proxy that explains itself.

    Every flag is also an environment variable: --http-port is INGRESSD_HTTP_PORT.
    """
    open_standard_streams()
