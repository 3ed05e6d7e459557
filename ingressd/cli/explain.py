"""``ingressd explain``: what becomes of one request, and why."""

from __future__ import annotations

import click

from ingressd.admin.involved import involved, with_findings
from ingressd.admin.queries import BadQuery, read_query
from ingressd.cli.compiled import compile_source
from ingressd.cli.options.serving import flag
from ingressd.cli.options.sources import SourceOptions, source_options
from ingressd.cli.remote import ask_explain, ask_findings
from ingressd.cli.rendering.explanation import explanation_text
from ingressd.cli.rendering.terminal import output_flag, show, show_json
from ingressd.resources.finding import Finding
from ingressd.routing.explaining.explain import Explanation, explain


@click.command("explain")
@click.argument("url")
@click.option("-X", "--request", "method", default="GET", metavar="METHOD", show_default=True)
@click.option("-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'")
@flag("--admin", metavar="URL", help="Ask a running ingressd, such as http://127.0.0.1:10254.")
@output_flag
@source_options
def command(
    url: str,
    method: str,
    headers: tuple[str, ...],
    admin: str | None,
    output: str,
    source: SourceOptions,
) -> None:
    """Tell which rule takes URL, why the others do not, and what is wrong behind it.

    \b
    For example:
      ingressd explain http://kubia.example.com/foo --manifests examples/kubia
      ingressd explain https://kubia.example.com/ --admin http://127.0.0.1:10254
    """
    if admin and (source.manifests or source.kubeconfig):
        raise click.UsageError("--admin excludes --manifests and --kubeconfig")
    if admin:
        explanation, findings = ask_explain(admin, url, method, headers), ask_findings(admin)
    else:
        explanation, findings = _explain_source(source, url, method, headers)
    if output == "json":
        show_json(with_findings(explanation, findings))
    else:
        told = involved(explanation, findings)
        show("\n".join(explanation_text(explanation, told, more=len(findings) - len(told))))


def _explain_source(
    source: SourceOptions, url: str, method: str, headers: tuple[str, ...]
) -> tuple[Explanation, tuple[Finding, ...]]:
    try:
        query = read_query(url, method, headers)
    except BadQuery as error:
        raise click.UsageError(str(error)) from error
    compilation = compile_source(source)
    return explain(compilation.table, query), compilation.findings
