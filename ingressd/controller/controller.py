"""From events to deltas: recompiles what an event touches, and says what changed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Set
from functools import partial

from ingressd.compiler.annotations.verdict import Verdict
from ingressd.compiler.ingresses.claims import CompiledIngress
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.changes import delta_from
from ingressd.controller.gathering import gather_findings, gather_findings_of
from ingressd.controller.observing import Change, Observer, SeenIngress, Served
from ingressd.controller.store import Dirty, ObjectStore
from ingressd.controller.units import Refreshed, Units
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.delta import Delta
from ingressd.routing.model import Certificate, Host
from ingressd.routing.table import Table
from ingressd.sources.events import Event, Synced

_log = logging.getLogger(__name__)


class Controller:
    """Owner of the control plane's state: objects, compiled units, and the table workers serve.

    ``now`` gives seconds since the epoch; only the validity of certificates is judged by it.
    ``synced`` is whether a source has sent everything that existed at the start. ``revision``
    counts the batches: while it stays, so does what is found wrong, but for certificates that
    expire.
    """

    def __init__(
        self,
        settings: CompilerSettings,
        *,
        fallback_certificate: Certificate,
        now: Callable[[], float],
    ) -> None:
        self._now = now
        self._new_units = partial(
            Units, settings=settings, fallback_certificate=fallback_certificate
        )
        self._store = self._incoming = ObjectStore()
        self._units = self._new_units(self._store)
        self._dirty = Dirty()
        self._is_listed = False
        self._is_compiled = False
        self._observers: list[Observer] = []
        self.table = Table.empty()
        self.synced = False
        self.revision = 0

    @property
    def generation(self) -> int:
        """Counts the deltas; 0 before the first."""
        return self.table.generation

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong now, worst first. Costs as much as there are objects."""
        return gather_findings(self._store, self._units, self._now())

    @property
    def ingresses(self) -> Set[ObjectKey]:
        """Every Ingress there is, ours or not."""
        return self._units.ingresses.keys

    def ingress(self, key: ObjectKey) -> SeenIngress | None:
        """An Ingress and whose it is; None when there is none, or it was never understood."""
        ingress = self._store.find(key, Ingress)
        compiled = self._units.ingresses.find(key)
        if ingress is None or compiled is None:
            return None
        return SeenIngress(ingress, compiled.is_ours)

    def findings_of(self, key: ObjectKey) -> tuple[Finding, ...]:
        """What is wrong with one Ingress now, worst first."""
        return gather_findings_of(key, self._store, self._units, self._now())

    def verdicts_of(self, key: ObjectKey) -> tuple[Verdict, ...]:
        """What becomes of each annotation of one Ingress, but for what others have to say."""
        compiled = self._units.ingresses.find(key)
        return compiled.verdicts if compiled is not None else ()

    def served(self, key: ObjectKey) -> Served:
        """What of one Ingress is in the table. Costs as much as its hosts have routes."""
        compiled = self._units.ingresses.find(key)
        counts = {
            host: _count_routes(found, key.qualified_name)
            for host in sorted(_hosts_of(compiled) if compiled is not None else ())
            if (found := self.table.hosts.get(host)) is not None
        }
        hosts = tuple(host for host, count in counts.items() if count)
        return Served(sum(counts.values()), hosts)

    def observe(self, observer: Observer) -> Callable[[], None]:
        """Call ``observer`` after every batch from now on; calling the result ends that."""
        self._observers.append(observer)
        return lambda: self._observers.remove(observer)

    def apply(self, events: Iterable[Event]) -> Delta | None:
        """Take in a batch of events.

        None while the source has not sent everything yet (nothing is compiled until then), and
        when nothing changed that a worker must know. Where it raises, which is a bug, the table
        stays, and the next batch compiles everything again.
        """
        self.revision += 1
        for event in events:
            self._incoming.apply(event, self._dirty)
            self._is_listed = self._is_listed or isinstance(event, Synced)
        if not self._is_listed:
            return None
        was_compiled, self._is_compiled = self._is_compiled, False
        refreshed = self._units.refresh(self._dirty) if was_compiled else self._compile_all()
        delta = self._publish(refreshed)
        dirty, self._dirty = self._dirty, Dirty()
        self.synced = self._is_compiled = True
        self._notify(dirty, refreshed)
        return delta

    def begin_again(self) -> None:
        """Another source lists everything: what it sends up to ``Synced`` takes the place of what
        there is, in one step. Until then all stays as it is.
        """
        self._incoming = ObjectStore()
        self._dirty = Dirty()
        self._is_listed = self._is_compiled = False

    def full(self) -> Delta:
        """The delta that makes the present table out of any other."""
        return self.table.as_delta()

    def _compile_all(self) -> Refreshed:
        """Compile what was listed, and consider whatever the table has, which may be no more."""
        units, table = self._new_units(self._incoming), self.table
        self._dirty.ingresses.update(self._units.ingresses.keys)
        refreshed = units.refresh(self._dirty, with_defaults=True)
        refreshed.hosts |= table.hosts.keys()
        refreshed.upstreams |= table.upstreams.keys()
        refreshed.bound |= table.bindings.keys()
        refreshed.fingerprints |= table.certificates.keys()
        refreshed.materials |= table.secrets.keys()
        self._store, self._units = self._incoming, units
        return refreshed

    def _publish(self, refreshed: Refreshed) -> Delta | None:
        delta = delta_from(self.table, self._units, refreshed)
        if delta.is_empty:
            return None
        self.table = self.table.apply(delta)
        return delta

    def _notify(self, dirty: Dirty, refreshed: Refreshed) -> None:
        if not self._observers:
            return
        ingresses = self._units.concerned(dirty, refreshed)
        change = Change(self.generation, ingresses, frozenset(dirty.services))
        for observer in tuple(self._observers):
            try:
                observer(change)
            except Exception:  # who watches may not stop what is watched
                _log.exception("an observer failed")


def _hosts_of(compiled: CompiledIngress) -> Set[str]:
    """Those of which it may have routes, or a part of their requests."""
    return compiled.claims.keys() | compiled.canaries.keys()


def _count_routes(host: Host, ingress: str) -> int:
    routes = host.rules
    shares = (alternative for route in routes for alternative in route.alternatives)
    owners = [*(route.ingress for route in routes), *(share.ingress for share in shares)]
    return owners.count(ingress)
