"""Nodes, read as seldom as can be: they are many and large, and their kubelets change them all the
time."""

from __future__ import annotations

import asyncio
import math

from ingressd.resources.node import Node
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.listing import items_of

RECENT = 30.0
"""Seconds for which nodes are not read again: what changes meanwhile is where pods are. One that
was not asked for before is read at once."""

_PATH = "/api/v1/nodes"


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
        return tuple(node for node in self._nodes if _is_among(names, node))

    def _has(self, names: frozenset[str] | None) -> bool:
        """Whether none of these names is one that was not asked for when they were read."""
        return self._names is None or (names is not None and names <= self._names)

    async def _list(self, names: frozenset[str] | None) -> tuple[Node, ...]:
        """Those of other names are not kept, not even until the last page."""
        found = [node async for node in items_of(self._api, _PATH, Node) if _is_among(names, node)]
        return tuple(found)


def _is_among(names: frozenset[str] | None, node: Node) -> bool:
    return names is None or node.metadata.name in names
