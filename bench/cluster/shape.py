"""How large a cluster is, and what in it belongs together."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

NAMESPACE_SIZE = 100
"""Services of one namespace, whose Ingresses may lead to no others."""

SLICE_SIZE = 100
"""Endpoints that Kubernetes puts into one EndpointSlice."""


class Shape(Struct, frozen=True):
    """Counts of a whole cluster; ``paths`` are those of each Ingress, ``certificates`` Secrets that
    the first Ingresses name. The defaults are the size that ingressd is built for."""

    ingresses: int = 10_000
    paths: int = 3
    services: int = 10_000
    endpoints: int = 50_000
    certificates: int = 1_000
    seed: int = 1

    @property
    def namespaces(self) -> int:
        """Spread evenly."""
        return max(1, -(-self.services // NAMESPACE_SIZE))

    def namespace_of(self, index: int) -> str:
        """Where the n-th Ingress, Service or Secret is."""
        return f"team-{index % self.namespaces:03}"

    def neighbours(self, ingress: int) -> range:
        """The Services in the namespace of an Ingress."""
        return range(ingress % self.namespaces, self.services, self.namespaces)

    def endpoints_of(self, service: int) -> Iterator[range]:
        """The endpoints of a Service by number, a range for each of its EndpointSlices."""
        first = self.endpoints * service // self.services
        end = self.endpoints * (service + 1) // self.services
        for start in range(first, end, SLICE_SIZE):
            yield range(start, min(start + SLICE_SIZE, end))


def host_of(ingress: int) -> str:
    """The host of the n-th Ingress."""
    return f"app-{ingress}.example.com"


def address_of(endpoint: int) -> str:
    """The address of the n-th endpoint, in 10.64.0.0/10: nothing is ever sent there."""
    return f"10.{64 + (endpoint >> 16)}.{endpoint >> 8 & 255}.{endpoint & 255}"
