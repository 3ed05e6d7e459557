from __future__ import annotations

import pytest
from support.objects import service

from ingressd.controller.cluster.addresses import (
    EXCLUDED_LABEL,
    addresses_of,
    addresses_of_service,
    needs_endpoints,
    needs_nodes,
    nodes_of_slices,
    shown_addresses,
)
from ingressd.resources.endpoints import EndpointConditions, EndpointSlice, SliceEndpoint
from ingressd.resources.ingress import IngressLoadBalancerIngress, IngressPortStatus
from ingressd.resources.metadata import ObjectMeta
from ingressd.resources.node import Node, NodeAddress, NodeCondition, NodeStatus
from ingressd.resources.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServiceStatus,
)


def balanced(*entries: LoadBalancerIngress, **spec: object) -> Service:
    plain = service("front", type="LoadBalancer", **spec)
    status = ServiceStatus(LoadBalancerStatus(entries))
    return Service(metadata=plain.metadata, spec=plain.spec, status=status)


def node(name: str, *, ready: str = "True", labels: tuple[str, ...] = (), **addresses: str) -> Node:
    return Node(
        metadata=ObjectMeta(name, labels=dict.fromkeys(labels, "")),
        status=NodeStatus(
            tuple(NodeAddress(type_, address) for type_, address in addresses.items()),
            (NodeCondition("MemoryPressure", "False"), NodeCondition("Ready", ready)),
        ),
    )


def shown(made: Service, *nodes: Node) -> list[str] | None:
    found = addresses_of_service(made, nodes)
    return None if found is None else [each.ip or each.hostname for each in found]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (balanced(LoadBalancerIngress(ip="203.0.113.7")), ["203.0.113.7"]),
        (balanced(LoadBalancerIngress(hostname="lb.example.com")), ["lb.example.com"]),
        (
            balanced(LoadBalancerIngress(ip="203.0.113.7"), external_ips=("198.51.100.1",)),
            ["198.51.100.1", "203.0.113.7"],
        ),
        (balanced(), []),
        (service("front", cluster_ip="10.96.0.7"), ["10.96.0.7"]),
        (service("front", cluster_ip="None"), []),
        (
            service("front", cluster_ip="10.96.0.7", external_ips=("198.51.100.1",)),
            ["198.51.100.1"],
        ),
        (service("front", type="NodePort", external_ips=("198.51.100.1",)), ["198.51.100.1"]),
        (service("front", type="ExternalName", external_name="edge.example"), ["edge.example"]),
    ],
)
def test_addresses_of_each_type_of_service(made: Service, expected: list[str]) -> None:
    assert shown(made) == expected


def test_a_node_port_is_reached_at_ready_nodes_from_outside_if_they_can_be() -> None:
    front = service("front", type="NodePort", cluster_ip="10.96.0.7")
    assert needs_nodes(front)
    nodes = (
        node("a", InternalIP="10.0.0.1", ExternalIP="203.0.113.1"),
        node("b", InternalIP="10.0.0.2", Hostname="b"),
        node("c", InternalIP="10.0.0.3", ready="False"),
        node("d", Hostname="d"),
    )
    assert shown(front, *nodes) == ["10.0.0.2", "203.0.113.1"]


def test_a_node_can_be_excluded_by_its_label() -> None:
    nodes = (
        node("a", InternalIP="10.0.0.1"),
        node("b", InternalIP="10.0.0.2", labels=(EXCLUDED_LABEL,)),
    )
    assert shown(service("front", type="NodePort"), *nodes) == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (service("front", type="NodePort", external_traffic_policy="Local"), True),
        (service("front", type="NodePort", external_traffic_policy="Cluster"), False),
        (service("front", type="NodePort"), False),
        (service("front", type="LoadBalancer", external_traffic_policy="Local"), False),
    ],
)
def test_endpoints_matter_where_only_their_nodes_answer(made: Service, expected: bool) -> None:
    assert needs_endpoints(made) is expected


def test_the_nodes_of_ready_endpoints() -> None:
    slices = [
        EndpointSlice(
            metadata=ObjectMeta("front-1"),
            endpoints=(
                SliceEndpoint(("10.1.0.1",), node_name="a"),
                SliceEndpoint(("10.1.0.2",), EndpointConditions(ready=True), node_name="b"),
                SliceEndpoint(("10.1.0.3",), EndpointConditions(ready=False), node_name="c"),
                SliceEndpoint(("10.1.0.4",)),
            ),
        ),
        EndpointSlice(
            metadata=ObjectMeta("front-2"),
            endpoints=(SliceEndpoint(("10.1.0.5",), node_name="d"),),
        ),
    ]
    assert nodes_of_slices(slices) == {"a", "b", "d"}


def test_without_a_ready_node_nothing_is_known() -> None:
    assert shown(service("front", type="NodePort"), node("a", ready="Unknown")) is None


def test_equal_sets_of_addresses_are_equal() -> None:
    first = addresses_of(["192.0.2.2", "b.example", "192.0.2.1", "2001:DB8::1", "192.0.2.1"])
    assert first == addresses_of(["2001:db8:0::1", "192.0.2.1", "192.0.2.2", "b.example", ""])
    written = [
        IngressLoadBalancerIngress(ip="192.0.2.2", ports=(IngressPortStatus(80),)),
        IngressLoadBalancerIngress(hostname="a.example"),
    ]
    assert shown_addresses(written) == addresses_of(["a.example", "192.0.2.2"])
