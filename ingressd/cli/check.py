"""``ingressd check``: every finding about some manifests, for people and for pipelines."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

import click

from ingressd.cli.cluster import is_in_cluster
from ingressd.cli.compiled import Compilation, compile_source
from ingressd.cli.options.serving import flag
from ingressd.cli.options.sources import SourceOptions, UnusableSource, source_options
from ingressd.cli.rendering.report import report_text
from ingressd.cli.rendering.terminal import count, findings_text, output_flag, show, show_json
from ingressd.cli.report import report_on
from ingressd.compiler.codes import Code
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Severity
from ingressd.resources.kinds import KINDS
from ingressd.sources.manifest_listing import STDIN, STDIN_NAME

_SHOWN_DIFFERING = 10
"""Where ingress-nginx surprises, it mostly does so everywhere."""


@click.command("check")
@click.argument("paths", nargs=-1, metavar="PATH...")
@flag(
    "--report",
    is_flag=True,
    help="Sum up by annotation what moving here from ingress-nginx changes.",
)
@output_flag
@source_options
def command(paths: tuple[str, ...], report: bool, output: str, source: SourceOptions) -> None:
    """Tell everything that is wrong with the manifests in PATH... (files, folders, - for stdin),
    or with what is in a cluster (--kubeconfig).

    Exit code: 0 when nothing is, or nothing worse than a warning; 1 when a finding is an error; 2
    when the input cannot be read. With --report: 1 when an Ingress is blocked.
    """
    manifests = (*paths, *source.manifests)
    if not manifests and not source.kubeconfig and not is_in_cluster():
        raise click.UsageError(
            "Name a file or a folder, for example: ingressd check examples/kubia"
        )
    compilation = compile_source(
        source.with_manifests(manifests) if manifests else source, compares=not report
    )
    if manifests and not compilation.objects and not _has_errors(compilation):
        raise UnusableSource(_nothing_in(manifests))
    tell = _tell_report if report else _tell_findings
    sys.exit(tell(compilation, source.settings, output))


def _tell_report(compilation: Compilation, settings: CompilerSettings, output: str) -> int:
    """Returns the exit code."""
    report = report_on(compilation)
    if output == "json":
        show_json(report)
    else:
        prefix, configmap = settings.annotations_prefix, settings.configmap
        show("\n".join(report_text(report, prefix, configmap)))
    return 1 if report.summary.blocked else 0


def _tell_findings(compilation: Compilation, settings: CompilerSettings, output: str) -> int:
    """Returns the exit code."""
    if output == "json":
        show_json(sorted(compilation.findings, key=lambda finding: finding.sort_key))
    else:
        show("\n".join(_findings_report(compilation)))
    return 1 if _has_errors(compilation) else 0


def _nothing_in(manifests: Iterable[str]) -> str:
    names = (STDIN_NAME if path == STDIN else path for path in manifests)
    return f"none of the kinds ingressd reads ({', '.join(KINDS)}) in {', '.join(names)}"


def _has_errors(compilation: Compilation) -> bool:
    return any(finding.severity is Severity.ERROR for finding in compilation.findings)


def _findings_report(compilation: Compilation) -> Iterator[str]:
    differing = [each for each in compilation.findings if each.code == Code.COMPAT_DIFFERS.value]
    left_out = frozenset(differing[_SHOWN_DIFFERING:])
    if compilation.findings:
        yield from findings_text(each for each in compilation.findings if each not in left_out)
        yield ""
    if left_out:
        yield f"--compat makes a difference for {len(left_out)} more (--output json names them)"
    objects = count(compilation.objects, "object")
    yield f"{_verdict(compilation)} in {objects}; {_served(compilation)}"
    if compilation.foreign:
        yield _not_ours(compilation.foreign)


def _not_ours(foreign: int) -> str:
    ingresses = "1 Ingress is" if foreign == 1 else f"{foreign} Ingresses are"
    return f"{ingresses} not ours: of another class, of none, or of another namespace"


def _verdict(compilation: Compilation) -> str:
    """``2 errors, 1 warning``, or that there is nothing to say."""
    numbers = Counter(finding.severity for finding in compilation.findings)
    told = [count(numbers[s], s.value) for s in (Severity.ERROR, Severity.WARNING) if numbers[s]]
    if numbers[Severity.INFO]:
        told.append(f"{numbers[Severity.INFO]} for information")
    return ", ".join(told) or "nothing wrong"


def _served(compilation: Compilation) -> str:
    hosts = compilation.table.hosts.values()
    routes = sum(len(host.rules) for host in hosts)
    return f"{count(routes, 'route')} on {count(len(hosts), 'host')}"
