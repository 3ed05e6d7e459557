"""The table of ConfigMap keys: every row, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from ingressd.compiler.configmap.row import Row
from ingressd.compiler.configmap.rows import (
    access,
    answers,
    client_address,
    clients,
    external_auth,
    nginx,
    observing,
    pods,
    redirects,
    rules,
    tls,
)


class Subject(Struct, frozen=True):
    """Rows that are documented together."""

    title: str
    rows: tuple[Row, ...]


SUBJECTS: tuple[Subject, ...] = (
    Subject("The address of clients", client_address.ROWS),
    Subject("Limits for clients", clients.ROWS),
    Subject("Towards pods", pods.ROWS),
    Subject("Redirects", redirects.ROWS),
    Subject("TLS towards clients", tls.ROWS),
    Subject("Access", access.ROWS),
    Subject("External authentication", external_auth.ROWS),
    Subject("Fields, error pages and compression", answers.ROWS),
    Subject("Logs and traces", observing.ROWS),
    Subject("What Ingresses may say", rules.ROWS),
    Subject("nginx itself", nginx.ROWS),
)

ROWS: tuple[Row, ...] = tuple(row for subject in SUBJECTS for row in subject.rows)

BY_NAME: Mapping[str, Row] = MappingProxyType({row.name: row for row in ROWS})
"""Rows by the name of the key."""
