"""Which statuses an earlier life of this installation wrote, as the API server remembers it in
``metadata.managedFields``: an Ingress may leave us while no replica runs that could see it leave.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
from msgspec import Struct, field

from ingressd.controller.cluster.elector import Candidate
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.api import ApiServer, QueryValue

_PAGE_SIZE = 500
_LONGEST_NAME = 128  # of a field manager; the API server refuses more


class _ManagedFields(Struct, frozen=True):
    """One entry of ``managedFields`` (meta/v1): what a manager wrote last. Servers before 1.22
    have no ``subresource`` in it."""

    manager: str = ""
    fields: dict[str, Any] = field(name="fieldsV1", default={})

    def has_status(self, manager: str) -> bool:
        """Whether ``status.loadBalancer`` is the work of this manager."""
        return self.manager == manager and "f:loadBalancer" in self.fields.get("f:status", ())


class _Metadata(Struct, frozen=True, rename="camel"):
    name: str
    managed_fields: tuple[_ManagedFields, ...] = ()


class _Written(Struct, frozen=True):
    metadata: _Metadata


class _ListMetadata(Struct, frozen=True):
    continue_: str = field(name="continue", default="")


class _Page(Struct, frozen=True):
    items: tuple[_Written, ...] | None = None
    metadata: _ListMetadata = _ListMetadata()


class Authorship:
    """The name under which all replicas of one installation write, those to come too: that of
    their Lease, which no other installation shares. ``manager`` is what writes carry as their
    ``fieldManager``."""

    def __init__(self, api: ApiServer, candidate: Candidate) -> None:
        self._api = api
        name = f"ingressd/{candidate.namespace}/{candidate.lease}"
        self.manager = name[:_LONGEST_NAME]

    async def ingresses_with_our_status(self, namespace: str) -> frozenset[ObjectKey]:
        """Those of a namespace whose addresses nobody has changed since we wrote them.

        Raises KubernetesError and msgspec.DecodeError.
        """
        return frozenset(
            [
                ObjectKey("Ingress", namespace, item.metadata.name)
                async for item in self._ingresses(namespace)
                if any(each.has_status(self.manager) for each in item.metadata.managed_fields)
            ]
        )

    async def _ingresses(self, namespace: str) -> AsyncIterator[_Written]:
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
        query: dict[str, QueryValue] = {"limit": _PAGE_SIZE}
        while True:
            page = msgspec.json.decode(await self._api.get(path, **query), type=_Page)
            for item in page.items or ():
                yield item
            if not page.metadata.continue_:
                return
            query["continue"] = page.metadata.continue_
