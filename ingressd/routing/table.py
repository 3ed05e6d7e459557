"""The whole compiled state, immutable: a change makes a new table that shares all else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeVar

from msgspec import Struct

from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy
from ingressd.routing.hosts import wildcard_of
from ingressd.routing.model import CATCH_ALL, Certificate, Host, SecretMaterial, Upstream

_Value = TypeVar("_Value")


class Table(Struct, frozen=True):
    """Everything a worker serves. The dicts are never changed once the table exists.

    ``hosts`` is by name, ``upstreams`` and ``secrets`` by key, ``certificates`` by fingerprint;
    ``bindings`` maps a host (exact or ``*.parent``) to a fingerprint. ``default_certificate`` is a
    fingerprint or "".
    """

    generation: int
    hosts: dict[str, Host]
    upstreams: dict[str, Upstream]
    certificates: dict[str, Certificate]
    bindings: dict[str, str]
    default_certificate: str = ""
    secrets: dict[str, SecretMaterial] = {}
    global_policy: GlobalPolicy = DEFAULT_GLOBAL_POLICY

    @classmethod
    def empty(cls) -> Table:
        """The table before the first delta: generation 0, nothing in it."""
        return cls(generation=0, hosts={}, upstreams={}, certificates={}, bindings={})

    def apply(self, delta: Delta) -> Table:
        """This table after ``delta``. Only the dicts that change are copied."""
        base = Table.empty() if delta.reset else self
        return Table(
            generation=delta.generation,
            hosts=_changed(base.hosts, {h.name: h for h in delta.hosts}, delta.removed_hosts),
            upstreams=_changed(
                base.upstreams, {u.key: u for u in delta.upstreams}, delta.removed_upstreams
            ),
            certificates=_changed(
                base.certificates,
                {c.fingerprint: c for c in delta.certificates},
                delta.removed_certificates,
            ),
            bindings=_changed(base.bindings, delta.bindings, delta.removed_bindings),
            default_certificate=delta.default_certificate or base.default_certificate,
            secrets=_changed(
                base.secrets, {s.key: s for s in delta.secrets}, delta.removed_secrets
            ),
            global_policy=delta.global_policy or base.global_policy,
        )

    def as_delta(self) -> Delta:
        """The delta that makes this table out of any other."""
        return Delta(
            generation=self.generation,
            reset=True,
            hosts=tuple(self.hosts.values()),
            upstreams=tuple(self.upstreams.values()),
            certificates=tuple(self.certificates.values()),
            bindings=self.bindings,
            default_certificate=self.default_certificate,
            secrets=tuple(self.secrets.values()),
            global_policy=self.global_policy,
        )

    def find_host(self, name: str) -> Host | None:
        """The host that serves a normalised name: exact, else ``*.parent``, else the catch-all."""
        hosts = self.hosts
        return hosts.get(name) or hosts.get(wildcard_of(name)) or hosts.get(CATCH_ALL)

    def has_tls(self, name: str) -> bool:
        """Whether a normalised name counts as having TLS: its host has, or its wildcard sibling.

        That is what ingress-nginx's ``ssl-redirect`` asks.
        """
        host = self.find_host(name)
        if host is not None and host.has_tls:
            return True
        sibling = self.hosts.get(wildcard_of(name))
        return sibling is not None and sibling.name != CATCH_ALL and sibling.has_tls

    def certificate_for(self, server_name: str | None) -> Certificate | None:
        """What SNI selects: the name's binding, else that of ``*.parent``, else that of the
        catch-all host, else the default.
        """
        return self.bound_certificate(server_name or CATCH_ALL) or self.certificates.get(
            self.default_certificate
        )

    def single_host_certificates(self) -> frozenset[str]:
        """Fingerprints of the certificates that serve one exact host, and nothing else."""
        times = Counter(self.bindings.values())
        return frozenset(
            fingerprint
            for name, fingerprint in self.bindings.items()
            if times[fingerprint] == 1
            and fingerprint != self.default_certificate
            and name != CATCH_ALL
            and not name.startswith("*")
        )

    def bound_certificate(self, server_name: str) -> Certificate | None:
        """The certificate bound to a normalised name, its wildcard, or the catch-all host."""
        for name in (server_name, wildcard_of(server_name), CATCH_ALL):
            certificate = self.certificates.get(self.bindings.get(name, ""))
            if certificate is not None:
                return certificate
        return None


def _changed(
    current: dict[str, _Value], put: Mapping[str, _Value], dropped: Iterable[str]
) -> dict[str, _Value]:
    """``current`` itself when nothing changes, else a changed copy."""
    names = tuple(dropped)
    if not put and not names:
        return current
    kept = dict(current)
    for name in names:
        kept.pop(name, None)
    kept.update(put)
    return kept
