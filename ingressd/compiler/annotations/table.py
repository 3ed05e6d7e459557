"""The annotation table: every row, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType

from msgspec import Struct

from ingressd.compiler.annotations.row import Row
from ingressd.compiler.annotations.rows import (
    access,
    affinity,
    backends,
    balancing,
    basic_auth,
    bodies,
    canary,
    client_certificates,
    cors,
    errors,
    external_auth,
    headers,
    mirroring,
    observing,
    own,
    paths,
    rate_limits,
    redirects,
    retries,
    snippets,
    timeouts,
    tls,
    upstream_tls,
)


class Subject(Struct, frozen=True):
    """Rows that are documented together. ``prefix`` is that of their names, "" for the one that
    --annotations-prefix says."""

    title: str
    rows: tuple[Row, ...]
    prefix: str = ""


SUBJECTS: tuple[Subject, ...] = (
    Subject("Paths and host names", paths.ROWS),
    Subject("Redirects", redirects.ROWS),
    Subject("Session affinity", affinity.ROWS),
    Subject("Canaries", canary.ROWS),
    Subject("Backends", backends.ROWS),
    Subject("Balancing", balancing.ROWS),
    Subject("Timeouts", timeouts.ROWS),
    Subject("Retries", retries.ROWS),
    Subject("Bodies and buffers", bodies.ROWS),
    Subject("Headers", headers.ROWS),
    Subject("Error pages", errors.ROWS),
    Subject("Access by address", access.ROWS),
    Subject("Basic authentication", basic_auth.ROWS),
    Subject("External authentication", external_auth.ROWS),
    Subject("Client certificates", client_certificates.ROWS),
    Subject("Rate limits", rate_limits.ROWS),
    Subject("CORS", cors.ROWS),
    Subject("TLS towards clients", tls.ROWS),
    Subject("TLS towards pods", upstream_tls.ROWS),
    Subject("Mirroring", mirroring.ROWS),
    Subject("Logs and traces", observing.ROWS),
    Subject("Snippets and ModSecurity", snippets.ROWS),
)

OWN = Subject("What snippets were used for", own.ROWS, own.PREFIX)
"""Those that ingress-nginx does not know; they are applied after the others."""

ROWS: tuple[Row, ...] = tuple(row for subject in SUBJECTS for row in subject.rows)

BY_NAME: Mapping[str, Row] = MappingProxyType(
    {name: row for row in ROWS for name in (row.name, *row.aliases)}
)
"""Rows by name and by alias."""

OWN_BY_NAME: Mapping[str, Row] = MappingProxyType({row.name: row for row in OWN.rows})

PLACES: Mapping[str, int] = MappingProxyType({row.name: place for place, row in enumerate(ROWS)})
"""The place of each row in the order, by its name."""


def rows_for(names: Iterable[str]) -> list[Row]:
    """The rows of these names, in the order in which they are applied."""
    written = {row.name: row for name in names if (row := BY_NAME.get(name))}
    return sorted(written.values(), key=lambda row: PLACES[row.name])


def own_rows_for(names: Container[str]) -> list[Row]:
    """The rows of ingressd's own with these names, in their order."""
    return [row for row in OWN.rows if row.name in names]
