"""What one compiled Ingress asks for, host by host: the input of everything compiled after it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.compiler.annotations.row import Setting
from ingressd.compiler.annotations.verdict import Verdict
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, PathKind, Route
from ingressd.routing.policy import (
    DEFAULT_HOST_POLICY,
    DEFAULT_UPSTREAM_POLICY,
    CanaryPolicy,
    CookieAffinity,
    HostPolicy,
    Policy,
    UpstreamPolicy,
)


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

    A route is of PathKind.REGEX where its own Ingress asks for that. ``unmatched`` is the policy of
    paths that no route takes, None where that of all Ingresses will do. ``settings`` are all that
    the Ingress shares with others; ``host_policy`` is what it would have of the host. One that
    ``yields`` gives way to all others, however old it is.
    """

    subject: ObjectKey
    age: Age
    routes: tuple[Route, ...] = ()
    fallback: Route | None = None
    unmatched: Policy | None = None
    has_tls: bool = False
    host_policy: HostPolicy = DEFAULT_HOST_POLICY
    settings: tuple[Setting, ...] = ()
    yields: bool = False

    @property
    def ingress(self) -> str:
        """``namespace/name``."""
        return self.age.name

    @property
    def rank(self) -> tuple[bool, Age]:
        """Sorts claims: who comes first wins."""
        return (self.yields, self.age)


class CanaryPath(Struct, frozen=True, gc=False):
    """A path whose requests a canary takes a part of.

    ``path`` is as it is written, and ``forms`` are those in which the path may stand in the main
    Ingress; none is the default backend.
    """

    field: str
    path: str
    forms: tuple[tuple[PathKind, str], ...]
    backend: Backend


class CanaryClaim(Struct, frozen=True, gc=False):
    """What one canary wants of one host. ``affinity`` is its own, for where it is not that of the
    route."""

    subject: ObjectKey
    age: Age
    paths: tuple[CanaryPath, ...]
    policy: CanaryPolicy
    affinity: CookieAffinity | None = None


class Reference(Struct, frozen=True, gc=False):
    """A field of an Ingress and the backend it names; ``annotation`` is its full name where the
    field is one. ``of_canary``: without it all requests go to another one. ``otherwise`` is for a
    Service that gets no requests of clients but is asked about them: what happens without it."""

    field: str
    backend: Backend
    annotation: str = ""
    of_canary: bool = False
    otherwise: str = ""


class TlsEntry(Struct, frozen=True, gc=False):
    """One entry of ``spec.tls``. ``hosts`` are valid names only, each with its field. ``secret`` is
    ``namespace/name``, or "" for an entry that asks for the default certificate."""

    field: str
    hosts: tuple[tuple[str, str], ...]
    secret: str


NO_CANARIES: Mapping[str, CanaryClaim] = MappingProxyType({})
"""Of nearly all Ingresses, together."""


class CompiledIngress(Struct, frozen=True, gc=False, kw_only=True):
    """All that follows from one Ingress and the objects that its annotations name.

    ``claims`` is by host, empty if it is not ours; a canary has ``canaries`` instead. One that
    ``yields`` gives way to all others.
    ``upstream_policy`` is what it would have of the
    Service ports it refers to, and ``settings`` say which annotations that and ``host_policy`` of
    its claims come from. ``named`` are the objects that were looked up, found or not; ``wanted``
    what its policies need of the Secrets among them.
    """

    subject: ObjectKey
    age: Age
    is_ours: bool = True
    claims: dict[str, Claim] = {}
    canaries: Mapping[str, CanaryClaim] = NO_CANARIES
    yields: bool = False
    references: tuple[Reference, ...] = ()
    tls: tuple[TlsEntry, ...] = ()
    upstream_policy: UpstreamPolicy = DEFAULT_UPSTREAM_POLICY
    settings: tuple[Setting, ...] = ()
    named: tuple[ObjectKey, ...] = ()
    wanted: tuple[WantedSecret, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def rank(self) -> tuple[bool, Age]:
        """Sorts Ingresses: who comes first wins."""
        return (self.yields, self.age)

    def host_names(self) -> set[str]:
        """Every host that this Ingress has a say in, as a rule or in ``spec.tls``."""
        return {
            *self.claims,
            *self.canaries,
            *(host for entry in self.tls for _, host in entry.hosts),
        }

    def secrets(self) -> set[str]:
        """Every Secret that ``spec.tls`` names."""
        return {entry.secret for entry in self.tls if entry.secret}
