"""``ingressd explain``: what becomes of one request, and why."""

from __future__ import annotations

from collections.abc import Iterable

import click

from ingressd.admin.queries import BadQuery, read_query
from ingressd.cli.compiled import compile_source
from ingressd.cli.options import flag
from ingressd.cli.remote import ask_explain, ask_findings
from ingressd.cli.rendering import output_flag, show, show_json
from ingressd.cli.rendering_explanation import explanation_text
from ingressd.cli.source_options import SourceOptions, source_options
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.explain import CertificateChoice, Explanation, Verdict, explain
from ingressd.routing.model import Route

# What cannot be read may hold the missing rule, and a flag may be meant for this one.
_ALWAYS = frozenset({"File", "Folder", "ApiServer", "Flag"})


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
        show_json(explanation)
    else:
        told = involved(explanation, findings)
        show("\n".join(explanation_text(explanation, told, more=len(findings) - len(told))))


def involved(explanation: Explanation, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings of the objects that the request meets, or would if nothing better did.

    Where no rule takes it, an Ingress that lost its rules is what one looks for: all count then.
    """
    matching = (c for c in explanation.routes if c.verdict is not Verdict.LOSES)
    keys = {
        *(("Ingress", candidate.route.ingress) for candidate in matching),
        *_certified_by(explanation.certificate),
    }
    kinds = _ALWAYS if explanation.winner else _ALWAYS | {"Ingress", "IngressClass"}
    return tuple(
        finding
        for finding in findings
        if finding.subject.kind in kinds
        or (finding.subject.kind, finding.subject.qualified_name) in keys
        or _stands_behind(explanation.winner, finding.subject)
        or _lost_to(explanation.winner, finding)
    )


def _explain_source(
    source: SourceOptions, url: str, method: str, headers: tuple[str, ...]
) -> tuple[Explanation, tuple[Finding, ...]]:
    try:
        query = read_query(url, method, headers)
    except BadQuery as error:
        raise click.UsageError(str(error)) from error
    compilation = compile_source(source)
    return explain(compilation.table, query), compilation.findings


def _stands_behind(route: Route | None, subject: ObjectKey) -> bool:
    """Whether the object is the route's Service or holds its endpoints."""
    if route is None or route.backend is None or subject.namespace != route.backend.namespace:
        return False
    service = route.backend.service
    if subject.kind == "EndpointSlice":  # named after its Service by convention only
        return subject.name == service or subject.name.startswith(f"{service}-")
    return subject.kind in {"Service", "Endpoints"} and subject.name == service


def _lost_to(route: Route | None, finding: Finding) -> bool:
    """Whether it tells of a rule that would take the request, had the route not its place."""
    return route is not None and f"Ingress {route.ingress} ({route.field})" in finding.message


def _certified_by(certificate: CertificateChoice) -> set[tuple[str, str]]:
    return {("Secret", certificate.secret)} if certificate.secret else set()
