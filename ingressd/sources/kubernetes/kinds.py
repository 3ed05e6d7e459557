"""What is watched: collections of the API, and which of their objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from ingressd.resources.endpoints import SERVICE_NAME_LABEL, Endpoints, EndpointSlice
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import TLS_SECRET_TYPE, ConfigMap, Secret
from ingressd.resources.service import Service

SLICES_API = "/apis/discovery.k8s.io/v1"
"""Answers 404 where the server has no EndpointSlices of v1 (Kubernetes before 1.21)."""


IsServed: TypeAlias = Callable[[Ingress, Mapping[str, IngressClass]], bool]
"""Whether we serve an Ingress, given every IngressClass by name."""


Names: TypeAlias = Callable[[Ingress], frozenset[ObjectKey]]
"""The Secrets and ConfigMaps that an Ingress names beside those in ``spec.tls``."""


NamesOfSettings: TypeAlias = Callable[[ConfigMap], frozenset[ObjectKey]]
"""The ConfigMaps that the one of the flags names."""


def serve_all(_ingress: Ingress, _classes: Mapping[str, IngressClass]) -> bool:
    """Whatever its class: there is no other controller."""
    return True


def name_nothing(_ingress: Ingress) -> frozenset[ObjectKey]:
    """Whatever its annotations: nobody reads them."""
    return frozenset()


def settings_name_nothing(_configmap: ConfigMap) -> frozenset[ObjectKey]:
    """Whatever it says: nobody reads it."""
    return frozenset()


class Scope(Struct, frozen=True):
    """What the flags confine the watch to, and name beyond it; all but the first NAMESPACE/NAME.

    ``serves`` is false for who only looks: people may rarely read Secrets, nor what is in the
    namespace of ingressd.
    """

    namespace: str = ""
    configmap: str = ""
    default_backend_service: str = ""
    default_ssl_certificate: str = ""
    is_served: IsServed = serve_all
    names: Names = name_nothing
    names_of_settings: NamesOfSettings = settings_name_nothing
    serves: bool = True


EVERYTHING = Scope()


class WatchedKind(Struct, frozen=True):
    """One collection to list and watch. ``fields`` and ``labels`` are selectors.

    ``is_optional`` is whether the rest is worth serving without it. Without one of the others
    requests would be answered 404 or 503, or with a certificate that is not their host's, or whom
    the ConfigMap of the flags keeps out would be let in.
    """

    type: type[Resource]
    path: str
    fields: str = ""
    labels: str = ""
    is_optional: bool = False

    @property
    def name(self) -> str:
        """The kind of its objects."""
        return self.type.__name__

    @property
    def plural(self) -> str:
        """What RBAC calls it, such as ``ingresses``."""
        return self.path.rpartition("/")[2]

    @property
    def group(self) -> str:
        """The group of the API that it is in, such as ``networking.k8s.io``; "" is the core."""
        parts = self.path.split("/")
        return parts[2] if parts[1] == "apis" else ""

    @property
    def resource(self) -> str:
        """What kubectl calls it, such as ``ingresses.networking.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

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
        WatchedKind(IngressClass, "/apis/networking.k8s.io/v1/ingressclasses", is_optional=True),
        WatchedKind(Service, _path("/api/v1", scope.namespace, "services")),
        _secrets(scope, scope.namespace, _TLS_ONLY),
        *_named_by_flags(scope),
    )


def endpoint_kinds(scope: Scope, *, has_slices: bool) -> tuple[WatchedKind, ...]:
    """The endpoints of all Services that are watched, as the server has them."""
    kind = _slices if has_slices else _endpoints
    backend = _outside(scope, scope.default_backend_service)
    return (kind(scope.namespace, ""), *([kind(*backend)] if backend else []))


def named_object(key: ObjectKey) -> WatchedKind:
    """One ConfigMap by name, or one Secret unless it is among all those of type kubernetes.io/tls.
    Whoever writes an Ingress names it, and must not hold up the others."""
    if key.kind == ConfigMap.__name__:
        return _configmap(key, is_optional=True)
    path = _path("/api/v1", key.namespace, "secrets")
    return WatchedKind(Secret, path, f"{_by_name(key.name)},{_NOT_TLS}", is_optional=True)


def configmap_of_flags(scope: Scope) -> ObjectKey | None:
    """The ConfigMap that is watched for its own sake."""
    namespace, _, name = scope.configmap.partition("/")
    return ObjectKey(ConfigMap.__name__, namespace, name) if name else None


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
        yield _secrets(scope, secret[0], _by_name(secret[1]))
    if configmap := configmap_of_flags(scope):
        yield _configmap(configmap, is_optional=not scope.serves)


def _configmap(key: ObjectKey, *, is_optional: bool) -> WatchedKind:
    path = _path("/api/v1", key.namespace, "configmaps")
    return WatchedKind(ConfigMap, path, _by_name(key.name), is_optional=is_optional)


def _secrets(scope: Scope, namespace: str, fields: str) -> WatchedKind:
    path = _path("/api/v1", namespace, "secrets")
    return WatchedKind(Secret, path, fields, is_optional=not scope.serves)


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
