"""The annotations of one Ingress, read: directives for its routes, and a verdict on each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from msgspec import Struct, structs

from ingressd.compiler.annotations.row import Directives, Row
from ingressd.compiler.annotations.table import BY_NAME, ROWS
from ingressd.compiler.annotations.unserved import LEGACY_PREFIX, is_protective, never_existed
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.resources.shape import closest

_S = TypeVar("_S", bound=Struct)


class Reading(Struct, frozen=True):
    """What the annotations of one Ingress say. ``is_blocked``: its routes must answer 503."""

    directives: Directives = Directives()
    verdicts: tuple[Verdict, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether a protection was asked for that cannot be given."""
        return any(verdict.is_blocking for verdict in self.verdicts)


NOTHING = Reading()


def read_annotations(annotations: Mapping[str, str], prefix: str) -> Reading:
    """Read what stands under ``prefix`` (and the legacy one); all else belongs to others."""
    texts = _stripped(annotations, prefix)
    legacy = _stripped(annotations, LEGACY_PREFIX)
    if not texts and not legacy:
        return NOTHING
    directives, verdicts = _apply_rows(texts, prefix)
    verdicts += [
        _unserved(name, text, prefix) for name, text in texts.items() if name not in BY_NAME
    ]
    if prefix != LEGACY_PREFIX:
        verdicts += [_legacy(name, prefix) for name in legacy]
    verdicts.sort(key=lambda verdict: verdict.annotation)
    return Reading(directives=directives, verdicts=tuple(verdicts))


def _stripped(annotations: Mapping[str, str], prefix: str) -> dict[str, str]:
    start = f"{prefix}/"
    return {
        name.removeprefix(start): text
        for name, text in annotations.items()
        if name.startswith(start)
    }


def _apply_rows(texts: Mapping[str, str], prefix: str) -> tuple[Directives, list[Verdict]]:
    """Every row that is written, in table order."""
    directives = Directives()
    verdicts: list[Verdict] = []
    honoured: set[str] = set()
    for row in ROWS:
        names = [name for name in (row.name, *row.aliases) if name in texts]
        if not names:
            continue
        name, *overridden = names
        directives, verdict = _apply(directives, row, f"{prefix}/{name}", texts[name], honoured)
        verdicts.append(verdict)
        verdicts += [_overridden(f"{prefix}/{alias}", name) for alias in overridden]
    return directives, verdicts


def _apply(
    directives: Directives, row: Row, annotation: str, text: str, honoured: set[str]
) -> tuple[Directives, Verdict]:
    """One row; ``honoured`` are the rows that took effect so far, and gains this one."""
    try:
        value = row.value.parse(text)
    except ValueError:
        return directives, _invalid(row, annotation, text)
    if row.requires and row.requires not in honoured:
        return directives, _without_switch(row, annotation)
    honoured.add(row.name)
    if value is not None:
        directives = _put(directives, row.field.split("."), value)
    return directives, Verdict(annotation, Outcome.HONOURED)


def _put(target: _S, path: list[str], value: object) -> _S:
    """A copy of ``target`` with the value at a path of attribute names."""
    head, *rest = path
    inner = _put(getattr(target, head), rest, value) if rest else value
    return structs.replace(target, **{head: inner})


def _invalid(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.INVALID,
        message=f"{text[:80]!r} is not valid, expected {row.value.expected}; the default is used",
        remedy=f"write {row.value.expected}",
        is_blocking=is_protective(row.name, text),
    )


def _without_switch(row: Row, annotation: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it has no effect without a valid {row.requires}",
        remedy=f"add {row.requires}, or remove this one",
    )


def _overridden(annotation: str, winner: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.OVERRIDDEN,
        message=f"it is another name for {winner}, which is set too and wins",
        remedy="remove one of the two",
    )


def _unserved(name: str, text: str, prefix: str) -> Verdict:
    """An annotation that has no row."""
    annotation = f"{prefix}/{name}"
    if never_existed(name):
        return Verdict(
            annotation,
            Outcome.NEVER_EXISTED,
            message="ingress-nginx does not know this annotation either; it has no effect",
            remedy="remove it",
        )
    if is_protective(name, text):
        return Verdict(
            annotation,
            Outcome.UNSUPPORTED,
            message="ingressd cannot give this protection; "
            "the paths of this Ingress answer 503 so that nothing is left open",
            remedy="protect the application another way, then remove the annotation",
            is_blocking=True,
        )
    meant = closest(name, BY_NAME)
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message="ingressd does not support this annotation; it is ignored",
        remedy=f"did you mean {meant}?" if meant else "remove it, or do without its effect",
    )


def _legacy(name: str, prefix: str) -> Verdict:
    return Verdict(
        f"{LEGACY_PREFIX}/{name}",
        Outcome.NEVER_EXISTED,
        message=f"the prefix {LEGACY_PREFIX} is not read, by ingress-nginx neither; "
        "it has no effect",
        remedy=f"write {prefix}/{name}",
    )
