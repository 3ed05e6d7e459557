"""What to tell of objects that are read by name: which cannot be read, and which are late."""

from __future__ import annotations

from collections.abc import Mapping

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import TLS_SECRET_TYPE, Secret
from ingressd.sources.kubernetes.errors import KubernetesError
from ingressd.sources.kubernetes.pace import is_refused
from ingressd.sources.kubernetes.secret_reading import IN_TURN, MOST_WATCHES, Reading


def findings_about(
    secret: ObjectKey, reading: Reading | None, fields: Mapping[ObjectKey, str]
) -> tuple[Finding, ...]:
    """What everybody is to know who names it, and in which field: an Ingress, or a flag, which
    stands as the Secret."""
    if reading is None or (reading.trouble is None and not reading.is_in_turn):
        return ()
    severity, code, message, remedy = (
        _late(secret) if reading.trouble is None else _unreadable(secret, reading.trouble)
    )
    return tuple(
        Finding(severity, code, namer, field, message, remedy) for namer, field in fields.items()
    )


def _unreadable(secret: ObjectKey, trouble: KubernetesError) -> tuple[Severity, str, str, str]:
    is_forbidden = is_refused(trouble)
    return (
        Severity.ERROR,
        f"{secret.kind}{'Forbidden' if is_forbidden else 'Unreadable'}",
        f"the API server does not let us read {secret} ({trouble}); until it does, what was read "
        "before stays in use, and where nothing was it counts as missing",
        f"grant list and watch on {secret.kind.lower()}s in its namespace to ingressd's "
        "ServiceAccount"
        if is_forbidden
        else f"see whether `kubectl get {secret.kind.lower()} -n {secret.namespace} {secret.name}` "
        "works",
    )


def _late(secret: ObjectKey) -> tuple[Severity, str, str, str]:
    why, remedy = "", "name it no more if nobody needs it"
    if secret.kind == Secret.__name__:
        why = f"there is none of type {TLS_SECRET_TYPE} with this name, and of others "
        remedy = f"create it with type {TLS_SECRET_TYPE}, or {remedy}"
    return (
        Severity.INFO,
        f"{secret.kind}ReadInTurn",
        f"{secret} is read only every {IN_TURN.delay:g} s or less often, so that changes arrive "
        f"late: {why}only {MOST_WATCHES} are watched at a time",
        remedy,
    )
