"""The addresses under which clients reach us, as an Ingress status shows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import TypeAlias

from ingressd.resources.ingress import IngressLoadBalancerIngress
from ingressd.resources.node import Node
from ingressd.resources.service import Service

Addresses: TypeAlias = tuple[IngressLoadBalancerIngress, ...]

_BY_PREFERENCE = ("ExternalIP", "InternalIP")


def needs_nodes(service: Service) -> bool:
    """Whether a Service is reached at the addresses of nodes."""
    return service.spec.type == "NodePort" and not service.spec.external_ips


def addresses_of_service(service: Service, nodes: Iterable[Node] = ()) -> Addresses | None:
    """Where ``--publish-service`` is reached: its load balancer and ``externalIPs``; else, for a
    NodePort, the nodes that are Ready; else its ``clusterIP`` or ``externalName``.

    () is a Service with no address (yet). None is not knowing: no node is Ready, which says more
    about the cluster's state at this moment than about addresses.
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
    """One address for each Ready node, the external one where it has that."""
    for node in nodes:
        if not node.is_ready:
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
