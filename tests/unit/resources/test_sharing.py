"""What is equal is kept once, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from ingressd.resources.endpoints import EndpointSlice
from ingressd.resources.ingress import Ingress
from ingressd.resources.kinds import KINDS
from ingressd.resources.metadata import Resource
from ingressd.resources.service import Service
from ingressd.resources.sharing import MOST_PARTS, MOST_VALUES, with_shared_values

INGRESS = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "ingressClassName": "ingressd",
        "rules": [
            {"host": "shop.example.com"},
            {
                "http": {
                    "paths": [
                        {
                            "path": "/api",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "api", "port": {"name": "http"}}},
                        },
                        {"path": "/x", "backend": {"resource": {"kind": "Bucket", "name": "b"}}},
                    ]
                }
            },
        ],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}},
}
SERVICE = {
    "metadata": {"name": "api", "namespace": "shop"},
    "spec": {"type": "NodePort", "ports": [{"port": 80, "name": "http", "targetPort": "web"}]},
    "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}},
}
SLICE = {
    "metadata": {
        "name": "api-abc",
        "namespace": "shop",
        "labels": {"kubernetes.io/service-name": "api", "other": "label"},
    },
    "addressType": "IPv6",
    "endpoints": [
        {"addresses": ["2001:db8::1"], "conditions": {"ready": True}, "nodeName": "node-1"},
        {"addresses": ["2001:db8::2"]},
    ],
    "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
}


def decoded(value: dict[str, Any], kind: type[Resource]) -> Any:
    """As it comes: not one string in it is that of another object."""
    return msgspec.json.decode(json.dumps(value), type=kind)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (INGRESS, Ingress),
        (SERVICE, Service),
        (SLICE, EndpointSlice),
        *(({"metadata": {"name": "bare"}}, kind.type) for kind in KINDS.values()),
    ],
)
def test_an_object_still_says_the_same(value: dict[str, Any], kind: type[Resource]) -> None:
    plain = decoded(value, kind)
    assert with_shared_values(plain) == plain


def test_ingresses_share_what_most_of_them_say() -> None:
    one, other = (with_shared_values(decoded(INGRESS, Ingress)) for _ in range(2))
    assert one.metadata.namespace is other.metadata.namespace
    assert one.spec.ingress_class_name is other.spec.ingress_class_name
    assert one.status is other.status
    mine, yours = one.spec.rules[1].http.paths[0], other.spec.rules[1].http.paths[0]
    assert mine.path is yours.path
    assert mine.path_type is yours.path_type
    assert mine.backend.service.name is yours.backend.service.name
    assert mine.backend.service.port is yours.backend.service.port


def test_services_share_types_ports_and_statuses() -> None:
    one, other = (with_shared_values(decoded(SERVICE, Service)) for _ in range(2))
    assert one.metadata.namespace is other.metadata.namespace
    assert one.spec.type is other.spec.type
    assert one.spec.ports is other.spec.ports
    assert one.status is other.status


def test_slices_share_all_but_their_addresses() -> None:
    one, other = (with_shared_values(decoded(SLICE, EndpointSlice)) for _ in range(2))
    assert one.metadata.namespace is other.metadata.namespace
    assert one.service_name is other.service_name
    assert one.address_type is other.address_type
    assert one.ports is other.ports
    assert one.endpoints[0].conditions is other.endpoints[0].conditions
    assert one.endpoints[0].node_name is other.endpoints[0].node_name


def test_whoever_writes_long_lists_does_not_make_us_hold_them() -> None:
    ports = [{"port": number} for number in range(MOST_PARTS + 1)]
    hosts = [{"hostname": f"lb-{number}.example.com"} for number in range(MOST_PARTS + 1)]
    long = SERVICE | {"spec": {"ports": ports}, "status": {"loadBalancer": {"ingress": hosts}}}
    one, other = (with_shared_values(decoded(long, Service)) for _ in range(2))
    assert one == other
    assert one.spec.ports is not other.spec.ports
    assert one.status is not other.status


def test_whoever_writes_many_values_does_not_make_us_hold_them() -> None:
    first = with_shared_values(decoded(SERVICE, Service))
    for number in range(MOST_VALUES):
        ports = {"ports": [{"port": number, "name": "odd"}]}
        status = {"loadBalancer": {"ingress": [{"hostname": f"lb-{number}.example.com"}]}}
        with_shared_values(decoded(SERVICE | {"spec": ports, "status": status}, Service))
    assert with_shared_values(decoded(SERVICE, Service)).spec.ports is not first.spec.ports
