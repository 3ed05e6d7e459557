"""The annotation table: every row, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ingressd.compiler.annotations.row import Row
from ingressd.compiler.annotations.rows import affinity, canary, redirects, rewriting, timeouts

ROWS: tuple[Row, ...] = (
    *rewriting.ROWS,
    *redirects.ROWS,
    *affinity.ROWS,
    *timeouts.ROWS,
    *canary.ROWS,
)

BY_NAME: Mapping[str, Row] = MappingProxyType(
    {name: row for row in ROWS for name in (row.name, *row.aliases)}
)
"""Rows by name and by alias."""
