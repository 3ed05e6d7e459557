"""The endpoints behind one Service port, from EndpointSlices or from Endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from ingressd.compiler.codes import Code, finding
from ingressd.compiler.services.addresses import address_fault
from ingressd.compiler.services.ports import MAX_PORT, find_endpoint_port, is_port
from ingressd.resources.endpoints import (
    SERVICE_NAME_LABEL,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    SliceEndpoint,
)
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.service import Service, ServicePort
from ingressd.routing.model import Endpoint

_ADDRESS_TYPES = frozenset({"IPv4", "IPv6"})


class Gathered(Struct, frozen=True):
    """``ready`` may take requests; ``draining`` (serving and terminating) only where none is ready.

    ``unready`` and ``unmatched`` count addresses: not ready, and without the port asked for.
    """

    ready: frozenset[Endpoint] = frozenset()
    draining: frozenset[Endpoint] = frozenset()
    unready: int = 0
    unmatched: int = 0
    findings: tuple[Finding, ...] = ()

    @property
    def usable(self) -> tuple[Endpoint, ...]:
        """What requests are sent to, sorted."""
        return tuple(sorted(self.ready or self.draining, key=lambda e: (e.address, e.port)))


class _Address(Struct, frozen=True):
    """One address of one object: where it stands, its port (None: it has not the one asked for),
    and its conditions."""

    text: str
    port: int | None
    subject: ObjectKey
    field: str
    is_ready: bool
    is_draining: bool = False


def gather_endpoints(
    service: Service,
    port: ServicePort,
    slices: Sequence[EndpointSlice],
    endpoints: Endpoints | None,
    *,
    allow_local: bool,
) -> Gathered:
    """All addresses behind a port of the Service; Endpoints count only where no slice exists."""
    findings: list[Finding] = []
    if slices:
        named = [entry for entry in slices if not _is_ignored(entry, findings)]
        findings += (told for entry in named for told in _faults_of_slice(entry))
        addresses = _of_slices(service, port, named)
    else:
        if endpoints is not None:
            findings += _faults_of_endpoints(endpoints)
        addresses = _of_endpoints(service, port, endpoints)
    return _sorted_out(addresses, findings, allow_local=allow_local)


def _sorted_out(
    addresses: Iterable[_Address], findings: list[Finding], *, allow_local: bool
) -> Gathered:
    ready: set[Endpoint] = set()
    draining: set[Endpoint] = set()
    unready: set[str] = set()
    unmatched: set[str] = set()
    for address in addresses:
        fault = address_fault(address.text, allow_local=allow_local)
        if fault:
            findings.append(_refused(address, fault))
        elif address.port is None:
            unmatched.add(address.text)
        elif address.is_ready:
            ready.add(Endpoint(address.text, address.port))
        elif address.is_draining:
            draining.add(Endpoint(address.text, address.port))
        else:
            unready.add(address.text)
    return Gathered(
        frozenset(ready), frozenset(draining), len(unready), len(unmatched), tuple(findings)
    )


def _of_slices(
    service: Service, port: ServicePort, slices: Sequence[EndpointSlice]
) -> Iterator[_Address]:
    takes_unready = service.spec.publish_not_ready_addresses
    for entry in slices:
        key, number = entry.key, find_endpoint_port(port, entry.ports)
        for place, endpoint in enumerate(entry.endpoints):
            field = f"endpoints[{place}].addresses"
            is_ready = endpoint.conditions.ready is not False or takes_unready
            is_draining = _is_draining(endpoint)
            for text in endpoint.addresses:
                yield _Address(text, number, key, field, is_ready, is_draining)


def _is_draining(endpoint: SliceEndpoint) -> bool:
    conditions = endpoint.conditions
    return conditions.terminating is True and conditions.serving is not False


def _of_endpoints(
    service: Service, port: ServicePort, endpoints: Endpoints | None
) -> Iterator[_Address]:
    if endpoints is None:
        return
    takes_unready = service.spec.publish_not_ready_addresses
    for place, subset in enumerate(endpoints.subsets):
        number = find_endpoint_port(port, subset.ports)
        field = f"subsets[{place}].addresses"
        for address in subset.addresses:
            yield _Address(address.ip, number, endpoints.key, field, is_ready=True)
        field = f"subsets[{place}].notReadyAddresses"
        for address in subset.not_ready_addresses:
            yield _Address(address.ip, number, endpoints.key, field, is_ready=takes_unready)


def _is_ignored(entry: EndpointSlice, findings: list[Finding]) -> bool:
    """A slice of names: kube-proxy ignores those too, and nothing would resolve them."""
    if entry.address_type != "FQDN":
        return False
    findings.append(
        finding(
            Code.ENDPOINT_SLICE_IGNORED,
            entry.key,
            "addressType",
            "FQDN is deprecated and never used; its endpoints get no requests",
            "list IP addresses, or use a Service of type ExternalName",
        )
    )
    return True


def unlabelled(entry: EndpointSlice) -> Finding:
    """What to tell of a slice that names no Service."""
    return finding(
        Code.ENDPOINT_SLICE_WITHOUT_SERVICE,
        entry.key,
        f"metadata.labels[{SERVICE_NAME_LABEL}]",
        "it is missing; the endpoints of this slice belong to no Service and get no requests",
        f"add the label with the name of a Service in namespace {entry.metadata.namespace}",
    )


def _faults_of_slice(entry: EndpointSlice) -> Iterator[Finding]:
    if entry.address_type not in _ADDRESS_TYPES:
        yield finding(
            Code.ENDPOINT_SLICE_INVALID,
            entry.key,
            "addressType",
            f"{entry.address_type[:80]!r} is not an address type; its addresses are used as they "
            "stand there",
            "write IPv4 or IPv6",
        )
    for place, endpoint in enumerate(entry.endpoints):
        if not endpoint.addresses:
            yield finding(
                Code.ENDPOINT_SLICE_INVALID,
                entry.key,
                f"endpoints[{place}].addresses",
                "it is empty; this endpoint gets no requests",
                "list an address, or remove the endpoint",
            )
    yield from _faults_of_ports(entry.key, "ports", entry.ports)


def _faults_of_endpoints(endpoints: Endpoints) -> Iterator[Finding]:
    for place, subset in enumerate(endpoints.subsets):
        field = f"subsets[{place}].ports"
        yield from _faults_of_ports(endpoints.key, field, subset.ports)


def _faults_of_ports(
    subject: ObjectKey, field: str, ports: Sequence[EndpointPort]
) -> Iterator[Finding]:
    for place, port in enumerate(ports):
        if port.port is not None and not is_port(port.port):
            yield finding(
                Code.ENDPOINT_PORT_INVALID,
                subject,
                f"{field}[{place}].port",
                f"{port.port} is not a port number; no request is sent there",
                f"write a number from 1 to {MAX_PORT}",
            )


def _refused(address: _Address, fault: str) -> Finding:
    return finding(
        Code.ENDPOINT_ADDRESS_REFUSED,
        address.subject,
        address.field,
        f"address {address.text[:80]!r} is {fault}; no request is sent there",
        "list addresses of pods or of other machines",
    )
