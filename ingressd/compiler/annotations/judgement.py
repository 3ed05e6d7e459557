"""What to say of one annotation: its verdict, in every case there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType

from msgspec import structs

from ingressd.compiler.annotations.elsewhere import Reaction
from ingressd.compiler.annotations.foreign import LEGACY_PREFIX, meant_by
from ingressd.compiler.annotations.referent import Unusable
from ingressd.compiler.annotations.row import Idle, Modified, Row, Scope, Support
from ingressd.compiler.annotations.table import BY_NAME, OWN, OWN_BY_NAME
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.resources.shape import closest

_UNSERVED = "the paths of this Ingress answer 503"
_CLOSED = f"{_UNSERVED} so that nothing is left open"
_HOST_CLOSED = "every path of the host answers 403 so that nothing is left open"
_HOST_DENIED = "every path of the host answers 503 so that nothing is left open"


def judge(row: Row, annotation: str, text: str, doubt: str = "") -> Verdict:
    """Of one that is written well and has been applied. ``doubt`` is what is left out of the object
    that it names."""
    if doubt:
        return _doubtful(annotation, doubt)
    if row.is_usual(text):
        return _honoured(row, annotation, text)
    if row.support is Support.HONOURED and (lacking := row.lacks(text)):
        return _partly_unsupported(row, annotation, text, lacking)
    return _VERDICTS[row.support](row, annotation, text)


def _honoured(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(annotation, Outcome.HONOURED)


def _doubtful(annotation: str, doubt: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.INVALID,
        message=f"{doubt}; the rest of it is used",
        remedy="write that again, or remove it",
    )


def _no_op(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it changes nothing: {row.instead}",
        remedy=row.remedy,
    )


def _unsupported(row: Row, annotation: str, text: str) -> Verdict:
    """What is not served, yet or ever; closed where serving without it would be too open."""
    if row.protects(text):
        return _unprotected(row, annotation, text)
    when = "yet" if row.support is Support.NOT_YET else "and will not"
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message=f"ingressd does not support this annotation {when}; {row.instead}",
        remedy=_remedy(row, annotation, text) or "remove it, or do without its effect",
    )


def _partly_unsupported(row: Row, annotation: str, text: str, lacking: str) -> Verdict:
    is_blocking = row.protects(text)
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message=f"{lacking}; {_UNSERVED if is_blocking else 'the rest is honoured'}",
        remedy=row.remedy or "remove that part, or do without it",
        is_blocking=is_blocking,
    )


def _unprotected(row: Row, annotation: str, text: str) -> Verdict:
    return Verdict(
        annotation,
        Outcome.UNSUPPORTED,
        message="ingressd cannot give this protection; "
        + (_CLOSED if row.closed is None else _HOST_DENIED),
        remedy=_remedy(row, annotation, text)
        or "protect the application another way, then remove the annotation",
        is_blocking=True,
    )


def unheeded(row: Row, annotation: str, text: str) -> Verdict:
    """Of a protection that nothing here can ever give, where the operator wants paths served all
    the same."""
    told = _unprotected(row, annotation, text)
    message = "ingressd cannot give this protection, and the paths are served without it"
    return structs.replace(told, message=message, is_blocking=False, loses_protection=True)


def _remedy(row: Row, annotation: str, text: str) -> str:
    if row.advises is None:
        return row.remedy
    return row.advises(text, annotation.rpartition("/")[0])


_VERDICTS: Mapping[Support, Callable[[Row, str, str], Verdict]] = MappingProxyType(
    {
        Support.HONOURED: _honoured,
        Support.NO_OP: _no_op,
        Support.NOT_YET: _unsupported,
        Support.NEVER: _unsupported,
    }
)


def invalid(row: Row, annotation: str, text: str) -> Verdict:
    """Of one whose text cannot be read."""
    is_blocking = row.protects(text)
    ours = _closing(row) if is_blocking else row.instead
    told = _unreadable(row, annotation, text, ours, row.elsewhere(text))
    return structs.replace(told, is_blocking=is_blocking)


def invalid_in_vain(
    row: Row, annotation: str, text: str, vain: Verdict, *, is_read: bool
) -> Verdict:
    """Of one whose text cannot be read, and which would be ``vain`` anyway. ``is_read``:
    ingress-nginx does not know the latter before it has read it."""
    reaction = row.elsewhere(text) if is_read else None
    if reaction is not None and not reaction.is_drop:
        reaction = None
    told = _unreadable(row, annotation, text, vain.message, reaction)
    if row.support is not Support.HONOURED:
        return structs.replace(told, remedy=vain.remedy)
    return structs.replace(told, remedy=f"{told.remedy}, and {vain.remedy}")


def _unreadable(
    row: Row, annotation: str, text: str, ours: str, reaction: Reaction | None
) -> Verdict:
    """``ours`` is what happens here, ``reaction`` what goes beyond the default there."""
    expected = row.value.expected
    where = "" if reaction is None else f", where {reaction.words}"
    return Verdict(
        annotation,
        Outcome.INVALID,
        message=f"{text[:80]!r} is not valid, expected {expected}; {ours}{where}",
        remedy=f"write {expected}" if row.support is Support.HONOURED else row.remedy,
        differs=reaction is not None,
    )


def unusable(row: Row, annotation: str, text: str, why: Unusable) -> Verdict:
    """Of one that names an object which is missing, malformed, or not for this Ingress."""
    is_blocking = row.protects(text)
    instead = _closing(row) if is_blocking else row.instead
    return Verdict(
        annotation,
        Outcome.INVALID,
        message=f"{why.fault}; {instead}",
        remedy=why.remedy,
        is_blocking=is_blocking,
    )


def _closing(row: Row) -> str:
    """What happens where its protection cannot be given."""
    return _HOST_CLOSED if row.scope is Scope.HOST and row.closed is not None else _CLOSED


def without_switch(row: Row, annotation: str) -> Verdict:
    """Of one that needs another one, which is not there. It does nothing, as in ingress-nginx; but
    whoever wrote a protection will miss it."""
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it has no effect without a valid {row.requires}",
        remedy=f"add {row.requires}, or remove this one",
        is_suspect=row.is_protective,
    )


def without_modified(row: Row, annotation: str, modified: Modified) -> Verdict:
    """Of one that changes how something is done which is not done at all."""
    words = modified.plain_words
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=f"it has no effect without {words}",
        remedy=f"add {words}, or remove this one",
        is_suspect=row.is_protective,
    )


def idle(annotation: str, why: Idle) -> Verdict:
    """Of one whose text is written well, and does nothing."""
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message=why.why,
        remedy=why.remedy,
        is_suspect=why.is_suspect,
    )


def of_canary(annotation: str) -> Verdict:
    """Of one that has no effect because the Ingress is a canary: its paths are those of another."""
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message="it has no effect, because this Ingress is a canary: its paths are served as the "
        "main Ingress says",
        remedy="write it in the main Ingress",
    )


def half_canary(annotation: str) -> Verdict:
    """Of one that says which requests a canary gets, in an Ingress that is none."""
    return Verdict(
        annotation,
        Outcome.NO_OP,
        message="it has no effect without canary: true; this Ingress is served as an ordinary one, "
        "but gives way wherever another one has the same path",
        remedy='add canary: "true", or remove this one',
        is_suspect=True,
    )


def incomplete(row: Row, annotation: str, text: str) -> Verdict:
    """Of one that cannot do what it says without another one, which is not there."""
    why = Unusable(f"there is no {row.needs} beside it", f"add {row.needs}")
    return unusable(row, annotation, text, why)


def shadowed(annotation: str, winner: str) -> Verdict:
    """Of one whose other name is written too."""
    return Verdict(
        annotation,
        Outcome.OVERRIDDEN,
        message=f"it is another name for {winner}, which is set too and wins",
        remedy="remove one of the two",
    )


def outdone(annotation: str, winner: str) -> Verdict:
    """Of one that another one replaces."""
    return Verdict(
        annotation,
        Outcome.OVERRIDDEN,
        message=f"{winner} is set too and wins",
        remedy="remove one of the two",
    )


def unknown(name: str, prefix: str) -> Verdict:
    """Of an annotation that has no row: there is no other that ingress-nginx knows."""
    remedy = meant_by(name)
    misspelt = None if remedy else _closest(name)
    return Verdict(
        f"{prefix}/{name}",
        Outcome.NEVER_EXISTED,
        message="ingress-nginx does not know this annotation either; it has no effect",
        remedy=remedy or (f"did you mean {misspelt}?" if misspelt else "remove it"),
        is_suspect=misspelt is not None,
    )


def unknown_own(name: str) -> Verdict:
    """Of one under ingressd's own prefix that has no row."""
    meant = closest(name, OWN_BY_NAME)
    return Verdict(
        f"{OWN.prefix}/{name}",
        Outcome.NEVER_EXISTED,
        message="ingressd has no annotation of this name; it has no effect",
        remedy=f"did you mean {meant}?" if meant else "remove it",
        is_suspect=True,
    )


@lru_cache(maxsize=1024)  # the same misspelling comes in many Ingresses, and this is slow
def _closest(name: str) -> str | None:
    return closest(name, BY_NAME)


def legacy(name: str, prefix: str) -> Verdict:
    """Of one under the oldest prefix."""
    return Verdict(
        f"{LEGACY_PREFIX}/{name}",
        Outcome.NEVER_EXISTED,
        message=f"the prefix {LEGACY_PREFIX} is not read, by ingress-nginx neither; "
        "it has no effect",
        remedy=f"write {prefix}/{name}",
    )
