"""The addresses to publish: those of a flag, or those of a Service as it is in the cluster."""

from __future__ import annotations

from typing import Protocol

from ingressd.controller.cluster.addresses import (
    Addresses,
    addresses_of,
    addresses_of_service,
    needs_endpoints,
    needs_nodes,
    nodes_of_endpoints,
    nodes_of_slices,
)
from ingressd.controller.cluster.recent_nodes import RecentNodes
from ingressd.resources.decoding import decode_json
from ingressd.resources.endpoints import SERVICE_NAME_LABEL, Endpoints, EndpointSlice
from ingressd.resources.service import Service
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.envelopes import decode_page
from ingressd.sources.kubernetes.errors import NOT_FOUND, ApiError
from ingressd.sources.kubernetes.kinds import SLICES_API


class Published(Protocol):
    """Where clients reach us."""

    async def read(self) -> Addresses | None:
        """The addresses now; None where they cannot be known, and so nothing is to be changed.

        Raises KubernetesError, and DecodingError or msgspec.DecodeError for what makes no sense.
        """
        ...

    def concerns(self, services: frozenset[str]) -> bool:
        """Whether a change of these Services (``namespace/name``) may change the addresses."""
        ...


class FixedAddresses:
    """``--publish-status-address``."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._addresses = addresses_of(texts)

    async def read(self) -> Addresses | None:
        """What the flag says."""
        return self._addresses

    def concerns(self, services: frozenset[str]) -> bool:
        """Never."""
        return False


class ServiceAddresses:
    """``--publish-service``, which may be in a namespace that is not watched."""

    def __init__(self, api: ApiServer, service: str) -> None:
        self._api = api
        self._service = service
        self._namespace, _, self._name = service.partition("/")
        self._nodes = RecentNodes(api)

    async def read(self) -> Addresses | None:
        """What Service and nodes say."""
        raw = await self._api.get(f"/api/v1/namespaces/{self._namespace}/services/{self._name}")
        service = decode_json(raw, Service)
        if not needs_nodes(service):
            return addresses_of_service(service)
        names = await self._nodes_with_endpoint() if needs_endpoints(service) else None
        return addresses_of_service(service, await self._nodes.read(names))

    def concerns(self, services: frozenset[str]) -> bool:
        """Whether the Service is among them. Its endpoints count as part of it."""
        return self._service in services

    async def _nodes_with_endpoint(self) -> frozenset[str]:
        """Listed, not got by name: whoever may follow endpoints may do that."""
        try:
            raw = await self._api.get(
                f"{SLICES_API}/namespaces/{self._namespace}/endpointslices",
                labelSelector=f"{SERVICE_NAME_LABEL}={self._name}",
            )
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            return await self._nodes_of_older_server()
        slices = decode_page(raw, EndpointSlice).objects
        return nodes_of_slices(each for each in slices if isinstance(each, EndpointSlice))

    async def _nodes_of_older_server(self) -> frozenset[str]:
        """Of one without discovery.k8s.io/v1."""
        raw = await self._api.get(
            f"/api/v1/namespaces/{self._namespace}/endpoints",
            fieldSelector=f"metadata.name={self._name}",
        )
        found = decode_page(raw, Endpoints).objects
        return nodes_of_endpoints(each for each in found if isinstance(each, Endpoints))
