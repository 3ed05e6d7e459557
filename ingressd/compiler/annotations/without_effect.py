"""What is said of annotations that are written well and do nothing, given all that is said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ingressd.compiler.annotations import judgement
from ingressd.compiler.annotations.row import Directives, Row
from ingressd.compiler.annotations.verdict import Outcome, Verdict

_WELL_WRITTEN = frozenset({Outcome.HONOURED, Outcome.UNSUPPORTED})


class Said(NamedTuple):
    """The row of an annotation, its text, and whether that asks for what held before anyway."""

    row: Row
    text: str
    is_usual: bool


def tell_of_idle(
    verdicts: Iterable[Verdict],
    said: Mapping[str, Said],
    base: Directives,
    directives: Directives,
) -> list[Verdict]:
    """What is honoured, or would be if ingressd could, can still ask for nothing, or modify what is
    not there. ``said`` are all that were applied, by full name; ``base`` is what holds without any,
    ``directives`` with them."""
    return [_told(verdict, said, base, directives) for verdict in verdicts]


def _told(
    verdict: Verdict, said: Mapping[str, Said], base: Directives, directives: Directives
) -> Verdict:
    if verdict.outcome not in _WELL_WRITTEN or verdict.is_blocking:
        return verdict
    row, text, is_usual = said[verdict.annotation]
    if (idle := row.idles(text, base, directives)) is not None:
        return judgement.idle(verdict.annotation, idle)
    if verdict.outcome is not Outcome.HONOURED or is_usual:
        return verdict
    if row.modifies is None or row.modifies.is_there(directives):
        return verdict
    return judgement.without_modified(row, verdict.annotation, row.modifies)
