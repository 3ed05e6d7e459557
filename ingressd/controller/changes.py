"""What differs between the compiled units and the table that workers have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from ingressd.controller.units import Refreshed, Units
from ingressd.routing.delta import Delta
from ingressd.routing.table import Table

V = TypeVar("V")


def delta_from(table: Table, units: Units, refreshed: Refreshed) -> Delta:
    """The delta from ``table`` to the units, of which only the refreshed ones can differ."""
    certificates = units.certificates
    default = certificates.default.fingerprint
    policy = units.globals.compiled.global_policy
    put_hosts, gone_hosts = _changed(refreshed.hosts, units.hosts.find, table.hosts)
    put_upstreams, gone_upstreams = _changed(
        refreshed.upstreams, units.upstreams.published, table.upstreams
    )
    put_certificates, gone_certificates = _changed(
        refreshed.fingerprints, certificates.published, table.certificates
    )
    put_secrets, gone_secrets = _changed(
        refreshed.materials, units.secrets.published, table.secrets
    )
    put_bindings, gone_bindings = _changed(refreshed.bound, certificates.binding, table.bindings)
    return Delta(
        generation=table.generation + 1,
        hosts=tuple(put_hosts.values()),
        removed_hosts=gone_hosts,
        upstreams=tuple(put_upstreams.values()),
        removed_upstreams=gone_upstreams,
        certificates=tuple(put_certificates.values()),
        removed_certificates=gone_certificates,
        bindings=put_bindings,
        removed_bindings=gone_bindings,
        default_certificate=default if default != table.default_certificate else "",
        secrets=tuple(put_secrets.values()),
        removed_secrets=gone_secrets,
        global_policy=policy if policy != table.global_policy else None,
    )


def _changed(
    names: Iterable[str], find: Callable[[str], V | None], known: Mapping[str, V]
) -> tuple[dict[str, V], tuple[str, ...]]:
    """Those that are new or different, by name, and the names of those that are gone."""
    put: dict[str, V] = {}
    gone: list[str] = []
    for name in sorted(names):
        value = find(name)
        if value is None:
            if name in known:
                gone.append(name)
        elif value != known.get(name):
            put[name] = value
    return put, tuple(gone)
