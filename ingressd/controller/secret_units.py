"""What workers get of the Secrets that annotations name."""

from __future__ import annotations

from collections.abc import Collection

from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.compiler.certificates.secret_material import compile_material
from ingressd.controller.guard import Guard
from ingressd.controller.store import ObjectStore
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import SecretMaterial


class SecretUnits:
    """Owner of that, by ``namespace/name``."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._compiled: dict[str, SecretMaterial] = {}

    def published(self, secret: str) -> SecretMaterial | None:
        """What a worker needs to know of it; None where nobody names it, or there is none."""
        return self._compiled.get(secret)

    def compile(self, secret: str, wanted: Collection[WantedSecret], store: ObjectStore) -> None:
        """Gather (again) what all who name it want of it; it goes where nobody does."""
        found = store.secret(secret)
        if found is None or not wanted:
            self._guard.forget(_unit(secret))
            self._compiled.pop(secret, None)
            return
        compiled = self._guard.attempt(_unit(secret), lambda: compile_material(found, wanted))
        if compiled is not None:
            self._compiled[secret] = compiled


def _unit(secret: str) -> ObjectKey:
    return ObjectKey("Entries", *secret.split("/"))
