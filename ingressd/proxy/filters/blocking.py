"""Requests that are refused whatever they ask for (ConfigMap ``block-user-agents`` and
``block-referers``)."""

from __future__ import annotations

from functools import lru_cache

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Refusal
from ingressd.routing.deciding.blocking import Blocklist
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups

FORBIDDEN = Refusal(403)


def block_user_agents(route: Route, environment: Environment) -> BlockFilter | None:
    """For every route, where any is blocked."""
    entries = environment.current.table.global_policy.blocklists.user_agents
    return BlockFilter(b"user-agent", _blocklist(entries)) if entries else None


def block_referers(route: Route, environment: Environment) -> BlockFilter | None:
    """For every route, where any is blocked."""
    entries = environment.current.table.global_policy.blocklists.referers
    return BlockFilter(b"referer", _blocklist(entries)) if entries else None


@lru_cache(maxsize=4)
def _blocklist(entries: tuple[str, ...]) -> Blocklist:
    """All routes have the same ones."""
    return Blocklist(entries)


class BlockFilter:
    """Refuse requests with a field that is blocked."""

    def __init__(self, name: bytes, blocklist: Blocklist) -> None:
        self._name = name
        self._blocks = blocklist.blocks

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Refuse it if any of its values is blocked, and if it has none where that is."""
        fields = request.message.raw_headers
        values = [value for name, value in fields if name.lower() == self._name]
        texts = [value.decode("utf-8", "surrogateescape") for value in values]
        return FORBIDDEN if any(map(self._blocks, texts or [""])) else None
