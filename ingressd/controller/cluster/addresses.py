"""The addresses under which clients reach us, as an Ingress status shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import TypeAlias

from ingressd.resources.endpoints import Endpoints, EndpointSlice
from ingressd.resources.ingress import IngressLoadBalancerIngress
from ingressd.resources.node import Node
from ingressd.resources.service import Service

Addresses: TypeAlias = tuple[IngressLoadBalancerIngress, ...]

EXCLUDED_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers"
"""On a node, whatever its value: traffic from outside is not to be sent there."""

_BY_PREFERENCE = ("ExternalIP", "InternalIP")


def needs_nodes(service: Service) -> bool:
    """Whether a Service is reached at the addresses of nodes."""
    return service.spec.type == "NodePort" and not service.spec.external_ips


def needs_endpoints(service: Service) -> bool:
    """Whether only those nodes answer that have an endpoint of the Service
    (``externalTrafficPolicy: Local``)."""
    return needs_nodes(service) and service.spec.external_traffic_policy == "Local"


def nodes_of_slices(slices: Iterable[EndpointSlice]) -> frozenset[str]:
    """The names of the nodes on which an endpoint is ready."""
    return frozenset(
        endpoint.node_name
        for each in slices
        for endpoint in each.endpoints
        if endpoint.node_name and endpoint.conditions.ready is not False
    )


def nodes_of_endpoints(endpoints: Iterable[Endpoints]) -> frozenset[str]:
    """The same from the older form."""
    return frozenset(
        address.node_name
        for each in endpoints
        for subset in each.subsets
        for address in subset.addresses
        if address.node_name
    )


def addresses_of_service(service: Service, nodes: Iterable[Node] = ()) -> Addresses | None:
    """Where ``--publish-service`` is reached: its load balancer and ``externalIPs``; else, for a
    NodePort, ``nodes`` as far as they are Ready and not excluded; else its ``clusterIP`` or
    ``externalName``. A node that is only cordoned still forwards what reaches it, and stays.

    () is a Service with no address (yet). None is not knowing: no such node is Ready, which says
    more about the cluster's state at this moment than about addresses.
    """
    spec = service.spec
    found = [*spec.external_ips]
    if spec.type == "LoadBalancer":
        entries = service.status.load_balancer.ingress
        found += [each.ip or each.hostname for each in entries]
    elif needs_nodes(service):
        return addresses_of(_of_nodes(nodes)) or None
    elif spec.type == "ExternalName":
        found.append(spec.external_name)
    elif not found and not spec.is_headless:
        found.append(spec.cluster_ip)
    return addresses_of(found)


def addresses_of(texts: Iterable[str]) -> Addresses:
    """IPs and names as status entries, each once, sorted so that equal sets are equal."""
    return tuple(sorted({_entry(text) for text in texts if text}, key=_order))


def shown_addresses(entries: Iterable[IngressLoadBalancerIngress]) -> Addresses:
    """The addresses of a status that anybody wrote, in our order. Ports, which only some load
    balancers set, say nothing about the address."""
    texts = (each.ip or each.hostname for each in entries)
    return addresses_of(texts)


def _of_nodes(nodes: Iterable[Node]) -> Iterator[str]:
    """One address for each node that may be used, the external one where it has that."""
    for node in nodes:
        if not node.is_ready or EXCLUDED_LABEL in node.metadata.labels:
            continue
        by_type = {each.type: each.address for each in reversed(node.status.addresses)}
        yield next((by_type[type_] for type_ in _BY_PREFERENCE if type_ in by_type), "")


def _entry(text: str) -> IngressLoadBalancerIngress:
    try:
        return IngressLoadBalancerIngress(ip=str(ip_address(text)))
    except ValueError:
        return IngressLoadBalancerIngress(hostname=text)


def _order(entry: IngressLoadBalancerIngress) -> tuple[str, str]:
    return entry.ip, entry.hostname
