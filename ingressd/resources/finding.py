"""Findings: what is wrong, or worth knowing, about one object."""

from __future__ import annotations

import re
from enum import Enum

from msgspec import UNSET, Struct, UnsetType

from ingressd.resources.metadata import ObjectKey

_NUMBER = re.compile(r"[0-9]+")


class Severity(Enum):
    """How much a finding costs: ERROR loses something the user asked for, WARNING changes it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Struct, frozen=True, order=False):
    """One thing to tell the owner of an object.

    ``code`` is stable, CamelCase, and doubles as metric label and Event reason. ``field`` is the
    path inside the object as ``kubectl explain`` writes it, with indexes
    (``spec.rules[0].http.paths[1].backend``), or "" for the whole object. ``message`` says what is
    wrong and what happens instead, ``remedy`` what to do. ``origin`` is where the object was read
    ("shop.yaml, document 2"), or "" for a cluster. ``verdict`` is the fate of the annotation that
    it is about, unset where it is about something else.
    """

    severity: Severity
    code: str
    subject: ObjectKey
    field: str
    message: str
    remedy: str
    origin: str = ""
    verdict: str | UnsetType = UNSET

    @property
    def sort_key(self) -> tuple[int, str, str, str, str]:
        """Worst first, then by object and field: the order in which findings are shown."""
        rank = list(Severity).index(self.severity)
        field = _NUMBER.sub(lambda number: number[0].zfill(6), self.field)  # paths[2], paths[10]
        return (rank, str(self.subject), field, self.code, self.message)
