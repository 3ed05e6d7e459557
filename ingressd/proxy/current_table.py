"""The table of the moment, and what is remembered of it between two changes."""

from __future__ import annotations

from ingressd.routing.delta import Delta
from ingressd.routing.table import Table

REMEMBERED_NAMES = 4096
"""Host names for which it is remembered whether they have TLS: clients may make up any number."""


class CurrentTable:
    """Owner of the worker's table."""

    def __init__(self) -> None:
        self._tls_names: dict[str, bool] = {}
        self.table = Table.empty()

    def apply(self, delta: Delta) -> None:
        """Take over a change."""
        self.table = self.table.apply(delta)
        self._tls_names.clear()

    def has_tls(self, host_name: str) -> bool:
        """Whether a normalised name counts as having TLS; see :meth:`Table.has_tls`."""
        known = self._tls_names.get(host_name)
        if known is None:
            if len(self._tls_names) >= REMEMBERED_NAMES:
                self._tls_names.clear()
            known = self._tls_names[host_name] = self.table.has_tls(host_name)
        return known
