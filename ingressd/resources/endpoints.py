"""Endpoints (v1) and EndpointSlice (discovery.k8s.io/v1): the addresses behind a Service."""

from __future__ import annotations

from msgspec import Struct, field

from ingressd.resources.metadata import BareMeta, Resource

SERVICE_NAME_LABEL = "kubernetes.io/service-name"


class EndpointAddress(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``subsets[].addresses`` or ``notReadyAddresses``."""

    ip: str
    node_name: str | None = None


class EndpointPort(Struct, frozen=True, gc=False, rename="camel"):
    """A port of an Endpoints subset or of a slice; ``name`` is that of the Service port."""

    port: int | None = None
    name: str | None = None
    protocol: str | None = None


class EndpointSubset(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``subsets``: the product of its addresses and its ports."""

    addresses: tuple[EndpointAddress, ...] = ()
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    ports: tuple[EndpointPort, ...] = ()


class Endpoints(Resource, frozen=True, kw_only=True):
    """The addresses of the Service of the same name, in the older form."""

    subsets: tuple[EndpointSubset, ...] = ()


class EndpointConditions(Struct, frozen=True, gc=False):
    """``endpoints[].conditions``. None is unknown: read ``ready`` and ``serving`` then as true."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class SliceEndpoint(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``endpoints``: one pod, by all its addresses of the slice's family."""

    addresses: tuple[str, ...]
    conditions: EndpointConditions = EndpointConditions()
    node_name: str | None = None


class SliceLabels(Struct, frozen=True, gc=False):
    """The one label that is read; a dict for each slice would take eight times as much."""

    service_name: str = field(name=SERVICE_NAME_LABEL, default="")


class SliceMeta(BareMeta, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What is kept of ``EndpointSlice.metadata``."""

    labels: SliceLabels = SliceLabels()


class EndpointSlice(Resource, frozen=True, kw_only=True, rename="camel"):
    """Some addresses of the Service that the label ``kubernetes.io/service-name`` names."""

    metadata: SliceMeta
    address_type: str = "IPv4"
    endpoints: tuple[SliceEndpoint, ...] = ()
    ports: tuple[EndpointPort, ...] = ()

    @property
    def service_name(self) -> str:
        """Name of the Service (same namespace), or "" when the label is missing."""
        return self.metadata.labels.service_name
