"""The addresses to publish: those of a flag, or those of a Service as it is in the cluster."""

from __future__ import annotations

from typing import Protocol

import msgspec

from ingressd.controller.cluster.addresses import (
    Addresses,
    addresses_of,
    addresses_of_service,
    needs_nodes,
)
from ingressd.resources.decoding import decode_json
from ingressd.resources.node import Node, NodeList
from ingressd.resources.service import Service
from ingressd.sources.kubernetes.api import ApiServer


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

    async def read(self) -> Addresses | None:
        """What Service and nodes say."""
        namespace, _, name = self._service.partition("/")
        raw = await self._api.get(f"/api/v1/namespaces/{namespace}/services/{name}")
        service = decode_json(raw, Service)
        return addresses_of_service(service, await self._nodes() if needs_nodes(service) else ())

    def concerns(self, services: frozenset[str]) -> bool:
        """Whether the Service is among them."""
        return self._service in services

    async def _nodes(self) -> tuple[Node, ...]:
        return msgspec.json.decode(await self._api.get("/api/v1/nodes"), type=NodeList).items
