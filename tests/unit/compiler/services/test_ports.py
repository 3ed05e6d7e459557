from __future__ import annotations

import pytest
from support.objects import service

from ingressd.compiler.services.ports import find_endpoint_port, find_service_port, listed
from ingressd.resources.endpoints import EndpointPort
from ingressd.resources.service import ServicePort

HTTP = ServicePort(80, "http", target_port="web")
ADMIN = ServicePort(8080, "admin", target_port=80)
DNS_UDP = ServicePort(53, "dns", protocol="UDP")
DNS_TCP = ServicePort(53, "dns-tcp")


@pytest.mark.parametrize(
    ("port", "found"),
    [
        ("80", HTTP),
        ("http", HTTP),
        ("web", HTTP),
        ("8080", ADMIN),
        ("", HTTP),
        ("53", DNS_TCP),
        ("dns", None),
        ("81", None),
    ],
)
def test_port_by_number_name_or_target(port: str, found: ServicePort | None) -> None:
    assert find_service_port(service("web", DNS_UDP, HTTP, ADMIN, DNS_TCP), port) == found


@pytest.mark.parametrize(
    ("wanted", "ports", "number"),
    [
        (HTTP, (EndpointPort(9000, "admin"), EndpointPort(3000, "http")), 3000),
        (HTTP, (EndpointPort(3000, "http", "UDP"),), None),
        (HTTP, (EndpointPort(3000),), None),
        (ServicePort(80), (EndpointPort(3000, ""),), 3000),
        (ServicePort(80), (EndpointPort(3000, "any"),), 3000),
        (ServicePort(80), (EndpointPort(3000, "a"), EndpointPort(3001, "b")), None),
        (ServicePort(80, target_port=9376), (), 9376),
        (ServicePort(80, target_port="web"), (), None),
    ],
)
def test_endpoint_port_by_name(
    wanted: ServicePort, ports: tuple[EndpointPort, ...], number: int | None
) -> None:
    assert find_endpoint_port(wanted, ports) == number


def test_ports_are_listed_for_people() -> None:
    assert listed([HTTP, ServicePort(81), DNS_UDP]) == "http (80), 81, dns (53/UDP)"
