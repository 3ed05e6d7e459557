"""What to tell of Secrets that are read by name: which cannot be read, and which are late."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import TLS_SECRET_TYPE
from ingressd.sources.kubernetes.errors import KubernetesError
from ingressd.sources.kubernetes.pace import is_refused
from ingressd.sources.kubernetes.secret_reading import IN_TURN, MOST_WATCHES, Reading


def findings_about(
    secret: ObjectKey, reading: Reading | None, namers: Iterable[ObjectKey]
) -> tuple[Finding, ...]:
    """What everybody is to know who names it: an Ingress, or a flag, which stands as the Secret."""
    if reading is None or (reading.trouble is None and not reading.is_in_turn):
        return ()
    severity, code, message, remedy = (
        _late(secret) if reading.trouble is None else _unreadable(secret, reading.trouble)
    )
    return tuple(
        Finding(severity, code, namer, "spec.tls" if namer != secret else "", message, remedy)
        for namer in namers
    )


def _unreadable(secret: ObjectKey, trouble: KubernetesError) -> tuple[Severity, str, str, str]:
    is_forbidden = is_refused(trouble)
    return (
        Severity.ERROR,
        "SecretForbidden" if is_forbidden else "SecretUnreadable",
        f"the API server does not let us read {secret} ({trouble}); until it does, what was read "
        "before stays in use, and where nothing was it counts as missing",
        "grant list and watch on secrets in its namespace to ingressd's ServiceAccount"
        if is_forbidden
        else f"see whether `kubectl get secret -n {secret.namespace} {secret.name}` works",
    )


def _late(secret: ObjectKey) -> tuple[Severity, str, str, str]:
    return (
        Severity.INFO,
        "SecretReadInTurn",
        f"{secret} is read only every {IN_TURN.delay:g} s or less often, so that changes arrive "
        f"late: there is none of type {TLS_SECRET_TYPE} with this name, and of others only "
        f"{MOST_WATCHES} are watched at a time",
        f"create it with type {TLS_SECRET_TYPE}, or remove it from spec.tls if nobody needs it",
    )
