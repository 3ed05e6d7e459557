"""What moving a whole cluster or folder here would change: by annotation, and by Ingress."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from enum import Enum

from msgspec import UNSET, Struct

from ingressd.cli.compiled import Compilation
from ingressd.compiler.annotations.table import BY_NAME
from ingressd.compiler.annotations.verdict import Outcome, Verdict, annotation_field
from ingressd.compiler.codes import Code
from ingressd.compiler.configmap.reading import field_of
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.secret import ConfigMap
from ingressd.routing.table import Table


class Effect(Enum):
    """What an annotation or a key costs whoever comes from ingress-nginx, worst first. WITHOUT is
    one that does nothing, there neither."""

    BLOCKED = "blocked"
    DIFFERENT = "different"
    WITHOUT = "without effect"
    AS_BEFORE = "as before"


_RANKS = {effect: rank for rank, effect in enumerate(Effect)}
_WITHOUT = {Outcome.INVALID, Outcome.NEVER_EXISTED, Outcome.OVERRIDDEN}

# Ingresses (but for their annotations) that ingress-nginx serves otherwise, or more of: one with a
# word that is denied goes on there as it was, until its controller starts anew.
_DEPARTURES = {
    Code.ANNOTATION_DENIED.value,
    Code.COMPILER_FAILED.value,
    Code.ENDPOINT_ADDRESS_REFUSED.value,
    Code.HOST_INVALID.value,
    Code.HOST_NOT_LISTED.value,
    Code.PATH_INVALID.value,
    Code.REGEX_INVALID.value,
}
_KEY_OUTCOMES = {
    Code.CONFIGMAP_KEY_INVALID.value: Outcome.INVALID,
    Code.CONFIGMAP_KEY_NO_EFFECT.value: Outcome.NO_OP,
    Code.CONFIGMAP_KEY_UNKNOWN.value: Outcome.NEVER_EXISTED,
    Code.CONFIGMAP_KEY_UNSUPPORTED.value: Outcome.UNSUPPORTED,
}


class Fate(Struct, frozen=True, omit_defaults=True):
    """What becomes of one annotation in these Ingresses (``namespace/name``)."""

    outcome: str
    effect: Effect
    ingresses: tuple[str, ...]
    message: str = ""
    remedy: str = ""


class AnnotationReport(Struct, frozen=True):
    """One annotation, by its full name. ``effect`` is the worst there is, ``outcomes`` count
    Ingresses."""

    annotation: str
    effect: Effect
    ingresses: int
    outcomes: dict[str, int]
    fates: tuple[Fate, ...]


class KeyReport(Struct, frozen=True, omit_defaults=True):
    """One key of the ConfigMap: it counts for all Ingresses."""

    key: str
    outcome: str
    effect: Effect
    message: str = ""
    remedy: str = ""


class Summary(Struct, frozen=True):
    """Ingresses: each is one of the three. ``not_ours`` are beside them."""

    ingresses: int
    as_before: int
    different: int
    blocked: int
    not_ours: int


class Report(Struct, frozen=True):
    """``others`` are the findings beside annotations and keys that make an Ingress different.

    ``lookalikes`` are ConfigMaps with keys of ingress-nginx that --configmap does not name.
    ``unread`` counts by kind the Ingresses that are blocked because they name an object of a kind
    of which none was read: what was read is not the whole cluster.
    """

    annotations: tuple[AnnotationReport, ...]
    configmap: tuple[KeyReport, ...]
    others: tuple[Finding, ...]
    lookalikes: tuple[str, ...]
    unread: dict[str, int]
    summary: Summary


def report_on(compilation: Compilation) -> Report:
    """All of it, worst first."""
    verdicts = tuple(_verdicts(compilation))
    others = tuple(
        finding
        for finding in compilation.findings
        if finding.subject.kind == "Ingress" and _effect_of(finding) is not None
    )
    keys = _key_reports(compilation)
    return Report(
        annotations=_annotation_reports(verdicts),
        configmap=keys,
        others=others,
        lookalikes=compilation.lookalikes,
        unread=_unread(verdicts, compilation.kinds),
        summary=_summary(compilation, verdicts, others),
    )


def effect_of(verdict: Verdict) -> Effect:
    """What a verdict costs. An invalid text mostly means the default in ingress-nginx, too."""
    if verdict.is_blocking:
        return Effect.BLOCKED
    is_lost = verdict.loses_protection or verdict.outcome is Outcome.UNSUPPORTED
    if verdict.differs or is_lost:
        return Effect.DIFFERENT
    return Effect.WITHOUT if verdict.outcome in _WITHOUT else Effect.AS_BEFORE


def _effect_of(finding: Finding) -> Effect | None:
    """What a finding that is not about an annotation costs; None for what does not depend on who
    serves the Ingress."""
    if finding.code == Code.HOST_CLOSED.value:
        return Effect.BLOCKED
    return Effect.DIFFERENT if finding.code in _DEPARTURES else None


def _verdicts(compilation: Compilation) -> Iterator[tuple[str, Verdict]]:
    """Each verdict with its Ingress; what other Ingresses make of it comes before its own."""
    told = {
        (finding.subject.qualified_name, finding.field): finding
        for finding in compilation.findings
        if finding.verdict is not UNSET
    }
    for ingress, verdicts in compilation.verdicts.items():
        for verdict in verdicts:
            finding = told.get((ingress, annotation_field(verdict.annotation)))
            if finding is None or verdict.outcome is not Outcome.HONOURED:
                yield ingress, verdict
            else:
                yield ingress, _outside_verdict(verdict.annotation, finding)


def _outside_verdict(annotation: str, finding: Finding) -> Verdict:
    return Verdict(
        annotation,
        Outcome(finding.verdict),
        finding.message,
        finding.remedy,
        is_blocking=finding.severity is Severity.ERROR,
    )


def _annotation_reports(
    verdicts: Iterable[tuple[str, Verdict]],
) -> tuple[AnnotationReport, ...]:
    alike: dict[str, dict[Verdict, list[str]]] = defaultdict(lambda: defaultdict(list))
    for ingress, verdict in verdicts:
        alike[verdict.annotation][verdict].append(ingress)
    reports = (_annotation_report(name, uses) for name, uses in alike.items())
    return tuple(sorted(reports, key=lambda r: (_RANKS[r.effect], -r.ingresses, r.annotation)))


def _annotation_report(name: str, uses: Mapping[Verdict, list[str]]) -> AnnotationReport:
    fates = sorted(
        (_fate(verdict, ingresses) for verdict, ingresses in uses.items()),
        key=lambda fate: (_RANKS[fate.effect], -len(fate.ingresses), fate.message),
    )
    outcomes: Counter[str] = Counter()
    for fate in fates:
        outcomes[fate.outcome] += len(fate.ingresses)
    return AnnotationReport(name, fates[0].effect, outcomes.total(), dict(outcomes), tuple(fates))


def _fate(verdict: Verdict, ingresses: Iterable[str]) -> Fate:
    return Fate(
        verdict.outcome.value,
        effect_of(verdict),
        tuple(sorted(ingresses)),
        verdict.message,
        verdict.remedy,
    )


def _key_reports(compilation: Compilation) -> tuple[KeyReport, ...]:
    told = {
        finding.field: finding
        for finding in compilation.findings
        if finding.subject.kind == ConfigMap.__name__
    }
    reports = (_key_report(key, told.get(field_of(key))) for key in compilation.configmap_keys)
    return tuple(sorted(reports, key=lambda report: (_RANKS[report.effect], report.key)))


def _key_report(key: str, finding: Finding | None) -> KeyReport:
    if finding is None:
        return KeyReport(key, Outcome.HONOURED.value, Effect.AS_BEFORE)
    outcome = _KEY_OUTCOMES.get(finding.code, Outcome.HONOURED)
    if finding.severity is Severity.ERROR:
        effect = Effect.BLOCKED
    elif outcome is Outcome.UNSUPPORTED or finding.code == Code.NO_PEER_TRUSTED.value:
        effect = Effect.DIFFERENT
    else:
        effect = Effect.WITHOUT if outcome in _WITHOUT else Effect.AS_BEFORE
    return KeyReport(key, outcome.value, effect, finding.message, finding.remedy)


def _unread(verdicts: Iterable[tuple[str, Verdict]], kinds: Set[str] | None) -> dict[str, int]:
    if kinds is None:
        return {}
    missing: dict[str, set[str]] = {}
    for ingress, verdict in verdicts:
        kind = _kind_named(verdict) if verdict.is_blocking else ""
        if kind and kind not in kinds:
            missing.setdefault(kind, set()).add(ingress)
    return {kind: len(ingresses) for kind, ingresses in sorted(missing.items())}


def _kind_named(verdict: Verdict) -> str:
    """The kind of the object that an annotation names, "" for one that names none."""
    row = BY_NAME.get(verdict.annotation.rpartition("/")[2])
    return "" if row is None or row.refers is None else row.refers({}).kind


def _closed_ingresses(table: Table) -> Iterator[str]:
    """Those with a route that is closed, because of their own annotations or the ConfigMap."""
    for host in table.hosts.values():
        for route in (*host.routes, host.fallback):
            if route is not None and route.policy.is_closed:
                yield route.ingress


def _summary(
    compilation: Compilation,
    verdicts: Iterable[tuple[str, Verdict]],
    others: Iterable[Finding],
) -> Summary:
    by_effect: dict[Effect, set[str]] = {effect: set() for effect in Effect}
    for ingress, verdict in verdicts:
        by_effect[effect_of(verdict)].add(ingress)
    for finding in others:
        effect = _effect_of(finding) or Effect.AS_BEFORE
        by_effect[effect].add(finding.subject.qualified_name)
    every = set(compilation.verdicts).union(*by_effect.values())
    blocked = by_effect[Effect.BLOCKED] | every.intersection(_closed_ingresses(compilation.table))
    different = by_effect[Effect.DIFFERENT] - blocked
    return Summary(
        ingresses=len(every),
        as_before=len(every) - len(blocked) - len(different),
        different=len(different),
        blocked=len(blocked),
        not_ours=compilation.foreign,
    )
