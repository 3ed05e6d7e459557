from __future__ import annotations

from collections.abc import Iterable

import pytest
from support.objects import endpoint, endpoint_slice, meta, service

from ingressd.compiler.services.endpoints import Gathered, gather_endpoints, unlabelled
from ingressd.resources.endpoints import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSlice,
    EndpointSubset,
    SliceEndpoint,
)
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.service import ServicePort
from ingressd.routing.model import Endpoint

PORT = ServicePort(80, "http")


def test_addresses_are_counted_by_what_keeps_them_from_requests() -> None:
    pods = (
        endpoint("10.0.0.1"),
        endpoint("10.0.0.2", ready=False),
        endpoint("10.0.0.3", ready=False, terminating=True),
    )
    slices = (
        endpoint_slice("web", *pods, name="a"),
        endpoint_slice("web", "10.0.0.4", name="b", ports=()),
    )
    gathered = gather_endpoints(service("web", PORT), PORT, slices, None, allow_local=False)
    assert gathered.ready == {Endpoint("10.0.0.1", 8080)}
    assert gathered.draining == {Endpoint("10.0.0.3", 8080)}
    assert (gathered.unready, gathered.unmatched) == (1, 1)
    assert gathered.usable == (Endpoint("10.0.0.1", 8080),)


def test_no_objects_no_endpoints() -> None:
    assert gather_endpoints(service("web"), PORT, (), None, allow_local=False).usable == ()


def gathered(*slices: EndpointSlice) -> Gathered:
    return gather_endpoints(service("web", PORT), PORT, slices, None, allow_local=False)


def told(found: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.field) for finding in found]


def test_an_unknown_address_type_is_told_and_its_addresses_are_used() -> None:
    result = gathered(endpoint_slice("web", "10.0.0.1", address_type="ipv4"))
    assert result.usable == (Endpoint("10.0.0.1", 8080),)
    assert told(result.findings) == [("EndpointSliceInvalid", "addressType")]


def test_an_endpoint_without_addresses_is_told() -> None:
    result = gathered(endpoint_slice("web", "10.0.0.1", SliceEndpoint(())))
    assert told(result.findings) == [("EndpointSliceInvalid", "endpoints[1].addresses")]


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_a_number_that_is_no_port_gets_no_requests(number: int) -> None:
    port = EndpointPort(number, "http")
    result = gathered(endpoint_slice("web", "10.0.0.1", ports=[port]))
    assert result.usable == ()
    assert told(result.findings) == [("EndpointPortInvalid", "ports[0].port")]
    subset = EndpointSubset((EndpointAddress("10.0.0.1"),), (), (port,))
    endpoints = Endpoints(metadata=meta("web"), subsets=(subset,))
    result = gather_endpoints(service("web", PORT), PORT, (), endpoints, allow_local=False)
    assert result.usable == ()
    assert told(result.findings) == [("EndpointPortInvalid", "subsets[0].ports[0].port")]


def test_a_slice_without_the_label_is_told() -> None:
    finding = unlabelled(EndpointSlice(metadata=meta("web-abc")))
    assert finding.field == "metadata.labels[kubernetes.io/service-name]"
    assert finding.severity is Severity.WARNING
