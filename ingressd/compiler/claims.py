"""What one compiled Ingress asks for, host by host: the input of everything compiled after it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from msgspec import Struct

from ingressd.compiler.annotations.verdict import Verdict
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, Route


class Age(NamedTuple):
    """Sorts Ingresses, oldest first; one without a creation time counts as new. Equal times go by
    ``namespace/name``. ``created`` is in seconds since the epoch."""

    is_undated: bool
    created: float
    name: str


def age_of(ingress: Ingress) -> Age:
    """The place of an Ingress in the canonical order. A time that cannot be read is none."""
    created = _seconds(ingress.metadata.creation_timestamp or "")
    return Age(created is None, created or 0.0, ingress.key.qualified_name)


def _seconds(text: str) -> float | None:
    """The moment an RFC 3339 text names, or None: without an offset it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.timestamp()


class Claim(Struct, frozen=True, gc=False, omit_defaults=True):
    """What one Ingress wants of one host: its paths and, as ``fallback``, its default backend.

    A route is of PathKind.REGEX where its own Ingress asks for that.
    """

    subject: ObjectKey
    age: Age
    routes: tuple[Route, ...] = ()
    fallback: Route | None = None
    has_tls: bool = False

    @property
    def ingress(self) -> str:
        """``namespace/name``."""
        return self.age.name


class Reference(Struct, frozen=True, gc=False):
    """A field of an Ingress and the backend it names."""

    field: str
    backend: Backend


class TlsEntry(Struct, frozen=True, gc=False):
    """One entry of ``spec.tls``. ``hosts`` are valid names only, each with its field. ``secret`` is
    ``namespace/name``, or "" for an entry that asks for the default certificate."""

    field: str
    hosts: tuple[tuple[str, str], ...]
    secret: str


class CompiledIngress(Struct, frozen=True, gc=False, kw_only=True):
    """All that follows from one Ingress alone. ``claims`` is by host, empty if it is not ours."""

    subject: ObjectKey
    age: Age
    is_ours: bool = True
    claims: dict[str, Claim] = {}
    references: tuple[Reference, ...] = ()
    tls: tuple[TlsEntry, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()

    def host_names(self) -> set[str]:
        """Every host that this Ingress has a say in, as a rule or in ``spec.tls``."""
        return {*self.claims, *(host for entry in self.tls for _, host in entry.hosts)}

    def secrets(self) -> set[str]:
        """Every Secret that ``spec.tls`` names."""
        return {entry.secret for entry in self.tls if entry.secret}
