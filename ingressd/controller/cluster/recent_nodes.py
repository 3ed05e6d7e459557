"""Nodes: many and large, and changed by their kubelets all the time."""

from __future__ import annotations

import asyncio
import math

import msgspec

from ingressd.resources.node import Node, NodeList
from ingressd.sources.kubernetes.api import ApiServer, QueryValue

RECENT = 30.0
"""Seconds for which nodes are not read again: what changes otherwise is where pods are."""

_PATH = "/api/v1/nodes"
_PAGE_SIZE = 500


class RecentNodes:
    """Owner of what was last read of nodes, and of when that was."""

    def __init__(self, api: ApiServer) -> None:
        self._api = api
        self._nodes: tuple[Node, ...] = ()
        self._names: frozenset[str] | None = frozenset()
        self._read_at = -math.inf

    async def read(self, names: frozenset[str] | None) -> tuple[Node, ...]:
        """Nodes of these names, or all of them (None).

        Raises KubernetesError and msgspec.DecodeError.
        """
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= RECENT or not self._has(names):
            self._nodes, self._names, self._read_at = await self._list(names), names, now
        return _named(names, self._nodes)

    def _has(self, names: frozenset[str] | None) -> bool:
        """Whether none of these names is one that was not asked for when they were read."""
        return self._names is None or (names is not None and names <= self._names)

    async def _list(self, names: frozenset[str] | None) -> tuple[Node, ...]:
        found: list[Node] = []
        query: dict[str, QueryValue] = {"limit": _PAGE_SIZE}
        while True:
            page = msgspec.json.decode(await self._api.get(_PATH, **query), type=NodeList)
            found += _named(names, page.items)
            if not page.metadata.continue_:
                return tuple(found)
            query["continue"] = page.metadata.continue_


def _named(names: frozenset[str] | None, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    if names is None:
        return nodes
    return tuple(node for node in nodes if node.metadata.name in names)
