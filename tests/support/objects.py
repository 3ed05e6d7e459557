"""Short ways to write Kubernetes objects in tests."""

from __future__ import annotations

from collections.abc import Iterable

from ingressd.resources.endpoints import (
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
    SliceEndpoint,
    SliceLabels,
    SliceMeta,
)
from ingressd.resources.ingress import (
    HTTPIngressPath,
    HTTPIngressRuleValue,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassSpec,
    IngressRule,
    IngressServiceBackend,
    IngressSpec,
    IngressTLS,
    ServiceBackendPort,
)
from ingressd.resources.metadata import ObjectMeta, Resource
from ingressd.resources.secret import TLS_SECRET_TYPE, Secret
from ingressd.resources.service import Service, ServicePort, ServiceSpec
from ingressd.sources.events import Added, Event, Synced

PREFIX = "nginx.ingress.kubernetes.io"
OUR_CLASS = "ingressd"


def meta(name: str, namespace: str = "default", **rest: object) -> ObjectMeta:
    """Metadata; ``rest`` are fields of ObjectMeta."""
    return ObjectMeta(name=name, namespace=namespace, **rest)  # type: ignore[arg-type]


def backend(text: str) -> IngressBackend:
    """A backend from ``service:port``."""
    service, _, port = text.partition(":")
    number = int(port) if port.isdigit() else 0
    return IngressBackend(
        IngressServiceBackend(service, ServiceBackendPort("" if number else port, number))
    )


def path(text: str, kind: str | None = "Prefix", to: str = "web:80") -> HTTPIngressPath:
    """One entry of ``rules[].http.paths``."""
    return HTTPIngressPath(backend(to), text, kind)


def rule(host: str, *paths: HTTPIngressPath | str) -> IngressRule:
    """A rule; a path given as text is a Prefix that leads to ``web:80``."""
    entries = tuple(path(entry) if isinstance(entry, str) else entry for entry in paths)
    return IngressRule(host, HTTPIngressRuleValue(entries))


def ingress(
    name: str,
    *rules: IngressRule,
    namespace: str = "default",
    default: str = "",
    tls: Iterable[IngressTLS] = (),
    created: str | None = "2026-01-01T00:00:00Z",
    ingress_class: str | None = OUR_CLASS,
    annotations: dict[str, str] | None = None,
) -> Ingress:
    """An Ingress of our class. ``annotations`` are written without prefix."""
    prefixed = {f"{PREFIX}/{key}": value for key, value in (annotations or {}).items()}
    return Ingress(
        metadata=meta(name, namespace, creation_timestamp=created, annotations=prefixed),
        spec=IngressSpec(ingress_class, backend(default) if default else None, rules, tuple(tls)),
    )


def ingress_class(name: str, controller: str, *, is_default: bool = False) -> IngressClass:
    """An IngressClass."""
    marks = {"ingressclass.kubernetes.io/is-default-class": "true"} if is_default else {}
    return IngressClass(
        metadata=meta(name, "", annotations=marks), spec=IngressClassSpec(controller)
    )


def service(name: str, *ports: ServicePort, namespace: str = "default", **spec: object) -> Service:
    """A Service; without ports it has port 80 named http."""
    return Service(
        metadata=meta(name, namespace),
        spec=ServiceSpec(ports=ports or (ServicePort(80, "http"),), **spec),  # type: ignore[arg-type]
    )


def endpoint(address: str, **conditions: bool) -> SliceEndpoint:
    """An endpoint with the conditions given; the others are unknown."""
    return SliceEndpoint((address,), EndpointConditions(**conditions))


def endpoint_slice(
    service_name: str,
    *endpoints: SliceEndpoint | str,
    ports: Iterable[EndpointPort] = (EndpointPort(8080, "http"),),
    name: str = "",
    namespace: str = "default",
    address_type: str = "IPv4",
) -> EndpointSlice:
    """A slice of a Service; an endpoint given as text has no conditions."""
    entries = tuple(endpoint(entry) if isinstance(entry, str) else entry for entry in endpoints)
    return EndpointSlice(
        metadata=SliceMeta(
            name or f"{service_name}-abc", namespace, labels=SliceLabels(service_name)
        ),
        address_type=address_type,
        endpoints=entries,
        ports=tuple(ports),
    )


def tls_secret(
    name: str, chain: bytes, private_key: bytes, *, namespace: str = "default"
) -> Secret:
    """A Secret of type kubernetes.io/tls."""
    return Secret(
        metadata=meta(name, namespace),
        type=TLS_SECRET_TYPE,
        data={"tls.crt": chain, "tls.key": private_key},
    )


def all_of(*resources: Resource) -> list[Event]:
    """A whole initial state: each object, then Synced."""
    return [*map(Added, resources), Synced()]
