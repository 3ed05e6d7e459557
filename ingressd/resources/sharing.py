"""Equal values kept once: a large cluster says ``TCP`` and ``Prefix`` tens of thousands of times.

The decoder makes a new string, or struct, of each, which at 10,000 Ingresses takes 25 MiB. What
differs from object to object (names, hosts, versions) is left alone: to look for it costs more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from sys import intern
from typing import Any, TypeVar

from msgspec.structs import replace

from ingressd.resources.endpoints import EndpointSlice, SliceEndpoint, SliceLabels
from ingressd.resources.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressRule,
    IngressServiceBackend,
    IngressStatus,
)
from ingressd.resources.metadata import BareMeta, Resource
from ingressd.resources.service import Service, ServiceStatus

MOST_VALUES = 1024
"""Structs that were seen last, and are looked for: enough for ports, conditions and statuses, which
are much alike, and little to hold where somebody writes many."""

MOST_PARTS = 16
"""Of such a struct: a longer list is nobody else's, and a thousand of them are much to hold."""

M = TypeVar("M", bound=BareMeta)
R = TypeVar("R", bound=Resource)
St = TypeVar("St", IngressStatus, ServiceStatus)
T = TypeVar("T")


def with_shared_values(resource: R) -> R:
    """An object equal to this one, which shares with others what it has in common with them."""
    remake = _REMADE.get(type(resource))
    return resource if remake is None else remake(resource)


@lru_cache(MOST_VALUES)
def _one_of(value: T) -> T:
    """The first of all that are equal. Strings are interned instead: those nobody has to hold."""
    return value


def _one_of_parts(parts: tuple[T, ...]) -> tuple[T, ...]:
    return _one_of(parts) if len(parts) <= MOST_PARTS else parts


def _status(status: St) -> St:
    return _one_of(status) if len(status.load_balancer.ingress) <= MOST_PARTS else status


def _interned(text: str | None) -> str | None:
    return None if text is None else intern(text)


def _metadata(metadata: M) -> M:
    return replace(metadata, namespace=intern(metadata.namespace))


def _ingress(found: Ingress) -> Ingress:
    spec = replace(
        found.spec,
        ingress_class_name=_interned(found.spec.ingress_class_name),
        rules=tuple(map(_rule, found.spec.rules)),
    )
    return replace(
        found, metadata=_metadata(found.metadata), spec=spec, status=_status(found.status)
    )


def _rule(rule: IngressRule) -> IngressRule:
    if rule.http is None:
        return rule
    return replace(rule, http=HTTPIngressRuleValue(tuple(map(_path, rule.http.paths))))


def _path(path: HTTPIngressPath) -> HTTPIngressPath:
    return replace(
        path,
        backend=_backend(path.backend),
        path=intern(path.path),
        path_type=_interned(path.path_type),
    )


def _backend(backend: IngressBackend) -> IngressBackend:
    if backend.service is None:
        return backend
    name, port = backend.service.name, backend.service.port
    return replace(backend, service=IngressServiceBackend(intern(name), _one_of(port)))


def _service(found: Service) -> Service:
    spec = replace(found.spec, type=intern(found.spec.type), ports=_one_of_parts(found.spec.ports))
    return replace(
        found, metadata=_metadata(found.metadata), spec=spec, status=_status(found.status)
    )


def _slice(found: EndpointSlice) -> EndpointSlice:
    labels = SliceLabels(intern(found.service_name))
    return replace(
        found,
        metadata=replace(_metadata(found.metadata), labels=labels),
        address_type=intern(found.address_type),
        endpoints=tuple(map(_endpoint, found.endpoints)),
        ports=_one_of_parts(found.ports),
    )


def _endpoint(endpoint: SliceEndpoint) -> SliceEndpoint:
    return replace(
        endpoint,
        conditions=_one_of(endpoint.conditions),
        node_name=_interned(endpoint.node_name),
    )


_REMADE: Mapping[type[Resource], Callable[[Any], Any]] = {
    Ingress: _ingress,
    Service: _service,
    EndpointSlice: _slice,
}
