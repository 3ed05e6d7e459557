"""The annotations of one Ingress, read: directives for its routes, and a verdict on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from msgspec import Struct, structs

from ingressd.compiler.annotations.foreign import LEGACY_PREFIX, meant_by
from ingressd.compiler.annotations.row import Directives, Row, Support
from ingressd.compiler.annotations.table import BY_NAME, PLACES
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.resources.shape import closest

_S = TypeVar("_S", bound=Struct)
_CLOSED = "the paths of this Ingress answer 503 so that nothing is left open"


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
    verdicts += [_unknown(name, prefix) for name in texts if name not in BY_NAME]
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
    in_force: set[str] = set()
    written = {row.name: row for name in texts if (row := BY_NAME.get(name))}
    for row in sorted(written.values(), key=lambda row: PLACES[row.name]):
        name, *overridden = [name for name in (row.name, *row.aliases) if name in texts]
        directives, verdict = _apply(directives, row, f"{prefix}/{name}", texts[name], in_force)
        verdicts.append(verdict)
        verdicts += [_overridden(f"{prefix}/{alias}", name) for alias in overridden]
    return directives, verdicts


def _apply(
    directives: Directives, row: Row, annotation: str, text: str, in_force: set[str]
) -> tuple[Directives, Verdict]:
    """One row; ``in_force`` are the rows so far that are not without effect, and gains this one."""
    try:
        value = row.value.parse(text) if row.value is not None else None
    except ValueError:
        return directives, _invalid(row, annotation, text)
    if row.requires and row.requires not in in_force:
        return directives, _without_switch(row, annotation)
    in_force.add(row.name)
    support = Support.HONOURED if row.is_usual(text) else row.support
    if value is not None:
        directives = _put(directives, row.field.split("."), value)
    return directives, _VERDICTS[support](row, annotation, text)


def _put(target: _S, path: list[str], value: object) -> _S:
    """A copy of ``target`` with the value at a path of attribute names."""
    head, *rest = path
    inner = _put(getattr(target, head), rest, value) if rest else value
    return structs.replace(target, **{head: inner})


def _honoured(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(annotation, Outcome.HONOURED)


def _no_op(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it changes nothing: {row.instead}",
        remedy=row.remedy,
    )


def _unsupported(row: Row, annotation: str, text: str) -> Verdict:
    """What is not served, yet or ever; closed where serving without it would be too open."""
    is_blocking = row.protects(text)
    if is_blocking and not row.field:
        return _unprotected(row, annotation)
    when = "yet" if row.support is Support.NOT_YET else "and will not"
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message=f"ingressd does not support this annotation {when}; {row.instead}",
        remedy=row.remedy or "remove it, or do without its effect",
        is_blocking=is_blocking,
    )


def _unprotected(row: Row, annotation: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message=f"ingressd cannot give this protection; {_CLOSED}",
        remedy=row.remedy or "protect the application another way, then remove the annotation",
        is_blocking=True,
    )


_VERDICTS: Mapping[Support, Callable[[Row, str, str], Verdict]] = MappingProxyType(
    {
        Support.HONOURED: _honoured,
        Support.NO_OP: _no_op,
        Support.NOT_YET: _unsupported,
        Support.NEVER: _unsupported,
    }
)


def _invalid(row: Row, annotation: str, text: str) -> Verdict:
    assert row.value is not None
    expected = row.value.expected
    is_blocking = row.protects(text)
    instead = _CLOSED if is_blocking else "the default is used"
    return Verdict(
        annotation,
        Outcome.INVALID,
        message=f"{text[:80]!r} is not valid, expected {expected}; {instead}",
        remedy=f"write {expected}",
        is_blocking=is_blocking,
    )


def _without_switch(row: Row, annotation: str) -> Verdict:
    """Nothing, as in ingress-nginx; but whoever wrote a protection will miss it."""
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it has no effect without a valid {row.requires}",
        remedy=f"add {row.requires}, or remove this one",
        is_suspect=row.is_protective,
    )


def _overridden(annotation: str, winner: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.OVERRIDDEN,
        message=f"it is another name for {winner}, which is set too and wins",
        remedy="remove one of the two",
    )


def _unknown(name: str, prefix: str) -> Verdict:
    """An annotation that has no row: there is no other that ingress-nginx knows."""
    remedy = meant_by(name)
    misspelt = None if remedy else _closest(name)
    return Verdict(
        f"{prefix}/{name}",
        Outcome.NEVER_EXISTED,
        message="ingress-nginx does not know this annotation either; it has no effect",
        remedy=remedy or (f"did you mean {misspelt}?" if misspelt else "remove it"),
        is_suspect=misspelt is not None,
    )


@lru_cache(maxsize=1024)  # the same misspelling comes in many Ingresses, and this is slow
def _closest(name: str) -> str | None:
    return closest(name, BY_NAME)


def _legacy(name: str, prefix: str) -> Verdict:
    return Verdict(
        f"{LEGACY_PREFIX}/{name}",
        Outcome.NEVER_EXISTED,
        message=f"the prefix {LEGACY_PREFIX} is not read, by ingress-nginx neither; "
        "it has no effect",
        remedy=f"write {prefix}/{name}",
    )
