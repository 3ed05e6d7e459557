"""Which statuses an earlier life of this installation wrote, as the API server remembers it in
``metadata.managedFields``: an Ingress may leave us while no replica runs that could see it leave.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from ingressd.controller.cluster.elector import Candidate
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.listing import items_of

_LONGEST_NAME = 128  # of a field manager; the API server refuses more


class _ManagedFields(Struct, frozen=True):
    """One entry of ``managedFields`` (meta/v1): what a manager wrote last. Its ``subresource`` is
    not asked for: servers before 1.22 have none."""

    manager: str = ""
    fields: dict[str, Any] = field(name="fieldsV1", default={})

    def has_status(self, manager: str) -> bool:
        """Whether ``status.loadBalancer`` is the work of this manager."""
        return self.manager == manager and "f:loadBalancer" in self.fields.get("f:status", ())


class _Metadata(Struct, frozen=True, rename="camel"):
    name: str
    managed_fields: tuple[_ManagedFields, ...] = ()


class _Ingress(Struct, frozen=True):
    metadata: _Metadata


class Authorship:
    """The name under which all replicas of one installation write, those to come too: that of
    their Lease, which no other installation shares. ``manager`` is what writes carry as their
    ``fieldManager``."""

    def __init__(self, api: ApiServer, candidate: Candidate) -> None:
        self._api = api
        name = f"ingressd/{candidate.namespace}/{candidate.lease}"
        self.manager = name[:_LONGEST_NAME]

    async def ingresses_with_our_status(self, namespace: str) -> set[ObjectKey]:
        """Those of a namespace whose addresses nobody has changed since we wrote them.

        Raises KubernetesError and msgspec.DecodeError.
        """
        path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses"
        return {
            ObjectKey("Ingress", namespace, item.metadata.name)
            async for item in items_of(self._api, path, _Ingress)
            if any(each.has_status(self.manager) for each in item.metadata.managed_fields)
        }
