"""What is watched: collections of the API, and which of their objects."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ingressd.resources.endpoints import SERVICE_NAME_LABEL, Endpoints, EndpointSlice
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import TLS_SECRET_TYPE, ConfigMap, Secret
from ingressd.resources.service import Service

SLICES_API = "/apis/discovery.k8s.io/v1"
"""Answers 404 where the server has no EndpointSlices of v1 (Kubernetes before 1.21)."""


class Scope(Struct, frozen=True):
    """What the flags confine the watch to, and name beyond it; all but the first NAMESPACE/NAME."""

    namespace: str = ""
    configmap: str = ""
    default_backend_service: str = ""
    default_ssl_certificate: str = ""


EVERYTHING = Scope()


class WatchedKind(Struct, frozen=True):
    """One collection to list and watch. ``fields`` and ``labels`` are selectors."""

    type: type[Resource]
    path: str
    fields: str = ""
    labels: str = ""

    @property
    def name(self) -> str:
        """The kind of its objects."""
        return self.type.__name__

    @property
    def resource(self) -> str:
        """What RBAC calls it, such as ``ingresses.networking.k8s.io``."""
        parts = self.path.split("/")
        group = parts[2] if parts[1] == "apis" else ""
        return f"{parts[-1]}.{group}" if group else parts[-1]

    @property
    def address(self) -> str:
        """Path and selectors: no other collection has the same."""
        return "?".join((self.path, *self.selectors.values()))

    @property
    def selectors(self) -> dict[str, str]:
        """As query parameters."""
        named = {"fieldSelector": self.fields, "labelSelector": self.labels}
        return {name: value for name, value in named.items() if value}


def watched_kinds(scope: Scope) -> tuple[WatchedKind, ...]:
    """All but endpoints. What flags name in a namespace that is not watched is watched by name."""
    return (
        WatchedKind(Ingress, _path("/apis/networking.k8s.io/v1", scope.namespace, "ingresses")),
        WatchedKind(IngressClass, "/apis/networking.k8s.io/v1/ingressclasses"),
        WatchedKind(Service, _path("/api/v1", scope.namespace, "services")),
        WatchedKind(Secret, _path("/api/v1", scope.namespace, "secrets"), _TLS_ONLY),
        *_named_by_flags(scope),
    )


def endpoint_kinds(scope: Scope, *, has_slices: bool) -> tuple[WatchedKind, ...]:
    """The endpoints of all Services that are watched, as the server has them."""
    kind = _slices if has_slices else _endpoints
    backend = _outside(scope, scope.default_backend_service)
    return (kind(scope.namespace, ""), *([kind(*backend)] if backend else []))


def untyped_secret(key: ObjectKey) -> WatchedKind:
    """One Secret by name, unless it is among all those of type kubernetes.io/tls."""
    path = _path("/api/v1", key.namespace, "secrets")
    return WatchedKind(Secret, path, f"{_by_name(key.name)},{_NOT_TLS}")


def secrets_named_by_flags(scope: Scope) -> Iterator[ObjectKey]:
    """Those in a namespace that is watched."""
    namespace, _, name = scope.default_ssl_certificate.partition("/")
    if name and not _outside(scope, scope.default_ssl_certificate):
        yield ObjectKey("Secret", namespace, name)


_TLS_ONLY = f"type={TLS_SECRET_TYPE}"
_NOT_TLS = f"type!={TLS_SECRET_TYPE}"


def _named_by_flags(scope: Scope) -> Iterator[WatchedKind]:
    if backend := _outside(scope, scope.default_backend_service):
        yield WatchedKind(Service, _path("/api/v1", backend[0], "services"), _by_name(backend[1]))
    if secret := _outside(scope, scope.default_ssl_certificate):
        yield WatchedKind(Secret, _path("/api/v1", secret[0], "secrets"), _by_name(secret[1]))
    if scope.configmap:
        namespace, _, name = scope.configmap.partition("/")
        yield WatchedKind(ConfigMap, _path("/api/v1", namespace, "configmaps"), _by_name(name))


def _slices(namespace: str, service: str) -> WatchedKind:
    labels = f"{SERVICE_NAME_LABEL}={service}" if service else ""
    return WatchedKind(EndpointSlice, _path(SLICES_API, namespace, "endpointslices"), labels=labels)


def _endpoints(namespace: str, service: str) -> WatchedKind:
    fields = _by_name(service) if service else ""
    return WatchedKind(Endpoints, _path("/api/v1", namespace, "endpoints"), fields)


def _outside(scope: Scope, qualified_name: str) -> tuple[str, str] | None:
    """Namespace and name of what the watch of a namespace does not see."""
    namespace, _, name = qualified_name.partition("/")
    return (namespace, name) if scope.namespace and name and namespace != scope.namespace else None


def _path(api: str, namespace: str, plural: str) -> str:
    return f"{api}/namespaces/{namespace}/{plural}" if namespace else f"{api}/{plural}"


def _by_name(name: str) -> str:
    return f"metadata.name={name}"
