"""A report as text: what an operator has to look at first, and the sum of it at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from ingressd.cli.rendering.terminal import faint, hanging, heading, plain, remedy_text
from ingressd.cli.report import AnnotationReport, Effect, Fate, KeyReport, Report, Summary
from ingressd.resources.finding import Finding

_SHOWN_INGRESSES = 3
_SHOWN_FATES = 4
_NUMBER_WIDTH = 6
_COLOURS = {Effect.BLOCKED: "red", Effect.DIFFERENT: "yellow"}
_TITLES = {
    Effect.BLOCKED: "Blocked: the paths answer 503",
    Effect.DIFFERENT: "Different from ingress-nginx",
    Effect.WITHOUT: "Without the effect that was meant, in ingress-nginx too",
    Effect.AS_BEFORE: "As before",
}


def report_text(report: Report, prefix: str, configmap: str) -> Iterator[str]:
    """The whole report, line by line; annotations under ``prefix`` are shown without it."""
    for effect, title in _TITLES.items():
        entries = [entry for entry in report.annotations if entry.effect is effect]
        if entries:
            yield _heading(f"Annotations. {title}", effect)
            yield from _annotations(entries, prefix)
            yield ""
    yield from _keys(report.configmap, configmap)
    yield from _others(report.others)
    yield from _summary(report)


def _heading(text: str, effect: Effect) -> str:
    return click.style(heading(text), fg=_COLOURS.get(effect))


def _annotations(entries: Sequence[AnnotationReport], prefix: str) -> Iterator[str]:
    names = [plain(entry.annotation.removeprefix(f"{prefix}/")) for entry in entries]
    width = max(map(len, names))
    for name, entry in zip(names, entries, strict=True):
        outcomes = ", ".join(_outcome_words(entry))
        yield f"{entry.ingresses:{_NUMBER_WIDTH}}  {name:{width}}  {outcomes}"
        told = [fate for fate in entry.fates if fate.effect is not Effect.AS_BEFORE]
        for fate in told[:_SHOWN_FATES]:
            yield from _fate(fate, label=f"{fate.outcome}: " if len(entry.outcomes) > 1 else "")
        if len(told) > _SHOWN_FATES:
            yield faint(f"{_MARGIN}and {len(told) - _SHOWN_FATES} more such (--output json)")


_MARGIN = " " * (_NUMBER_WIDTH + 2)


def _outcome_words(entry: AnnotationReport) -> Iterator[str]:
    if len(entry.outcomes) == 1:
        yield from entry.outcomes
        return
    for outcome, number in entry.outcomes.items():
        yield f"{number} {outcome}"


def _fate(fate: Fate, *, label: str) -> Iterator[str]:
    yield from hanging(f"{label}{fate.message}", first=_MARGIN)
    if fate.remedy:
        yield from remedy_text(fate.remedy, margin=_MARGIN)
    yield from hanging(_ingress_words(fate.ingresses), first=f"{_MARGIN}in ")


def _ingress_words(ingresses: Sequence[str]) -> str:
    shown = ", ".join(ingresses[:_SHOWN_INGRESSES])
    more = len(ingresses) - _SHOWN_INGRESSES
    return f"{shown}, and {more} more" if more > 0 else shown


def _keys(keys: Sequence[KeyReport], configmap: str) -> Iterator[str]:
    """Keys that count for all Ingresses: one by one where there is something to say."""
    if not keys:
        return
    yield heading(f"Keys of ConfigMap {plain(configmap)}")
    for key in keys:
        if key.effect is Effect.AS_BEFORE:
            continue
        effect = click.style(key.effect.value, fg=_COLOURS.get(key.effect))
        yield f"  {plain(key.key)}  {key.outcome}, {effect}"
        yield from hanging(key.message, first=_MARGIN)
        yield from remedy_text(key.remedy, margin=_MARGIN)
    alike = ", ".join(key.key for key in keys if key.effect is Effect.AS_BEFORE)
    if alike:
        yield from hanging(alike, first="  as before: ")
    yield ""


def _others(findings: Sequence[Finding]) -> Iterator[str]:
    """Ingresses that differ for another reason than an annotation."""
    if not findings:
        return
    yield heading("Beside annotations, different from ingress-nginx")
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    for code, found in by_code.items():
        ingresses = sorted({finding.subject.qualified_name for finding in found})
        yield f"{len(ingresses):{_NUMBER_WIDTH}}  {code}"
        yield from hanging(found[0].message, first=f"{_MARGIN}such as: ")
        yield from hanging(_ingress_words(ingresses), first=f"{_MARGIN}in ")
    yield ""


def _summary(report: Report) -> Iterator[str]:
    for name in report.lookalikes:
        yield from hanging(
            f"ConfigMap {name} has keys of ingress-nginx; --configmap {name} counts them",
            first="note: ",
        )
    for kind, number in report.unread.items():
        yield from hanging(
            f"no {kind} was read, and {_ingresses(number)} cannot be served without one; for the "
            f"whole picture give what {_EVERYTHING} says, or --kubeconfig",
            first="note: ",
        )
    if report.summary.not_ours:
        yield from hanging(
            f"{_ingresses(report.summary.not_ours)} left out: of another class, of none, or of "
            f"another namespace; those of ingress-nginx are counted with {_CLASS_OF_NGINX}",
            first="note: ",
        )
    yield heading(_ingresses(report.summary.ingresses))
    yield from _sum(report.summary)
    departing = sum(key.effect is Effect.DIFFERENT for key in report.configmap)
    if departing:
        yield f"{departing:{_NUMBER_WIDTH}}  {_FOR_ALL[departing > 1]}"


_EVERYTHING = "`kubectl get ingresses,ingressclasses,services,secrets,configmaps -A -o yaml`"
_CLASS_OF_NGINX = "--ingress-class nginx --controller-class k8s.io/ingress-nginx"
_FOR_ALL = (
    "key of the ConfigMap differs, for all of them",
    "keys of the ConfigMap differ, for all of them",
)


def _sum(summary: Summary) -> Iterator[str]:
    rows = (
        (summary.as_before, "served exactly as before", None),
        (summary.different, "with differences", Effect.DIFFERENT),
        (summary.blocked, "blocked (503)", Effect.BLOCKED),
    )
    for number, words, effect in rows:
        colour = _COLOURS.get(effect) if number and effect else None
        yield click.style(f"{number:{_NUMBER_WIDTH}}  {words}", fg=colour)


def _ingresses(number: int) -> str:
    return f"{number} Ingress{'' if number == 1 else 'es'}"
