"""The keys of one ConfigMap, read: what they set, and a finding for each that is not as asked."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, structs

from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.vain_protection import who_does_without
from ingressd.compiler.codes import Code, finding
from ingressd.compiler.configmap.foreign import meant_by
from ingressd.compiler.configmap.row import GlobalDirectives, Row
from ingressd.compiler.configmap.table import BY_NAME, ROWS
from ingressd.compiler.replacing import put
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import closest

_CLOSED = "every route answers 503 so that nothing is left open"
_OPEN = "every route is served without it"
_LONGEST_SHOWN = 80  # characters of a text in a message


class ReadKeys(Struct, frozen=True):
    """What the keys say. ``lacking`` are those that ask for a protection that cannot be given."""

    directives: GlobalDirectives
    findings: tuple[Finding, ...] = ()
    lacking: tuple[str, ...] = ()


def read_keys(
    texts: Mapping[str, str], subject: ObjectKey, directives: GlobalDirectives
) -> ReadKeys:
    """Apply every key of ``subject`` to ``directives``. Nothing is raised: a key that cannot be
    read counts as not written."""
    findings = [_unknown(name, subject) for name in texts if name not in BY_NAME]
    lacking: list[str] = []
    for row in ROWS:
        text = texts.get(row.name)
        if text is None:
            continue
        directives, told = _apply(directives, row, text, subject)
        if told is None:
            continue
        is_protective = row.protects(text)
        if is_protective and _may_ignore(row, directives):
            told = _unprotected(row, subject, _OPEN)
        elif is_protective:
            lacking.append(row.name)
        findings.append(told)
    return ReadKeys(directives, tuple(findings), tuple(lacking))


def _may_ignore(row: Row, directives: GlobalDirectives) -> bool:
    return row.support is Support.NEVER and directives.directives.may_ignore_protection


def field_of(key: str) -> str:
    """The place of a key in its object."""
    return f"data[{key}]"


def _apply(
    directives: GlobalDirectives, row: Row, text: str, subject: ObjectKey
) -> tuple[GlobalDirectives, Finding | None]:
    try:
        value = row.value.parse(text) if row.value is not None else None
    except ValueError:
        return directives, _invalid(row, text, subject)
    if value is not None:
        directives = put(directives, row.field, value)
    return directives, None if row.is_usual(text) else _told_of(row, text, subject)


def _told_of(row: Row, text: str, subject: ObjectKey) -> Finding | None:
    """What there is to say of a key that is written well."""
    if row.support is Support.HONOURED:
        return None
    if row.support is Support.NO_OP:
        message = f"it changes nothing: {row.instead}"
        return _about(row.name, subject, Code.CONFIGMAP_KEY_NO_EFFECT, message, row.remedy)
    if row.protects(text):
        return _unprotected(row, subject, _closing(row))
    when = "yet" if row.support is Support.NOT_YET else "and will not"
    return _about(
        row.name,
        subject,
        Code.CONFIGMAP_KEY_UNSUPPORTED,
        f"ingressd does not support this key {when}; {row.instead}",
        row.remedy or "remove it, or do without its effect",
    )


def _closing(row: Row) -> str:
    spared = who_does_without(row.name)
    return f"{_CLOSED}, but {spared}" if spared else _CLOSED


def _unprotected(row: Row, subject: ObjectKey, instead: str) -> Finding:
    told = _about(
        row.name,
        subject,
        Code.CONFIGMAP_KEY_UNSUPPORTED,
        f"ingressd cannot give this protection; {instead}",
        row.remedy,
    )
    return structs.replace(told, severity=Severity.ERROR)


def _invalid(row: Row, text: str, subject: ObjectKey) -> Finding:
    assert row.value is not None
    is_blocking = row.protects(text)
    expected = row.value.expected
    instead = _closing(row) if is_blocking else "it counts as not written"
    message = f"{text[:_LONGEST_SHOWN]!r} is not valid, expected {expected}; {instead}"
    remedy = f"write {expected}"
    told = _about(row.name, subject, Code.CONFIGMAP_KEY_INVALID, message, remedy)
    return structs.replace(told, severity=Severity.ERROR) if is_blocking else told


def _unknown(name: str, subject: ObjectKey) -> Finding:
    """A key without a row: there is no other that ingress-nginx knows."""
    shown = name[:_LONGEST_SHOWN]
    meant = closest(name, BY_NAME)
    remedy = meant_by(name) or (f"did you mean {meant}?" if meant else "remove it")
    message = "ingress-nginx does not know this key either; it has no effect"
    return _about(shown, subject, Code.CONFIGMAP_KEY_UNKNOWN, message, remedy)


def _about(key: str, subject: ObjectKey, code: Code, message: str, remedy: str) -> Finding:
    return finding(code, subject, field_of(key), message, remedy)
