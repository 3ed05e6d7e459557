"""Ingress and IngressClass (networking.k8s.io/v1)."""

from __future__ import annotations

from msgspec import Struct

from ingressd.resources.metadata import ObjectMeta, Resource

CLASS_ANNOTATION = "kubernetes.io/ingress.class"
DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class"


class ServiceBackendPort(Struct, frozen=True, gc=False):
    """``backend.service.port``: exactly one of ``name`` and ``number`` is set."""

    name: str = ""
    number: int = 0

    def __str__(self) -> str:
        return self.name or str(self.number)


class IngressServiceBackend(Struct, frozen=True, gc=False):
    """``backend.service``."""

    name: str = ""
    port: ServiceBackendPort = ServiceBackendPort()


class TypedLocalObjectReference(Struct, frozen=True, gc=False, rename="camel"):
    """``backend.resource``: a reference ingressd cannot serve, kept so that it can be reported."""

    kind: str
    name: str
    api_group: str | None = None


class IngressBackend(Struct, frozen=True, gc=False):
    """``backend``: a Service, or a resource of another kind."""

    service: IngressServiceBackend | None = None
    resource: TypedLocalObjectReference | None = None


class HTTPIngressPath(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``rules[].http.paths``. ``path_type`` None means that it was not written.

    An API server takes none without ``backend``; one in a file costs its own path only.
    """

    backend: IngressBackend = IngressBackend()
    path: str = ""
    path_type: str | None = None


class HTTPIngressRuleValue(Struct, frozen=True, gc=False):
    """``rules[].http``."""

    paths: tuple[HTTPIngressPath, ...] = ()


class IngressRule(Struct, frozen=True, gc=False):
    """One entry of ``rules``. ``host`` "" takes any; ``http`` None leads to the default backend."""

    host: str = ""
    http: HTTPIngressRuleValue | None = None


class IngressTLS(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``tls``. ``secret_name`` "" asks for the default certificate."""

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressSpec(Struct, frozen=True, gc=False, rename="camel"):
    """``Ingress.spec``."""

    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: tuple[IngressRule, ...] = ()
    tls: tuple[IngressTLS, ...] = ()


class IngressPortStatus(Struct, frozen=True, gc=False):
    """One entry of ``status.loadBalancer.ingress[].ports``."""

    port: int
    protocol: str = "TCP"


class IngressLoadBalancerIngress(Struct, frozen=True, gc=False):
    """One entry of ``status.loadBalancer.ingress``."""

    ip: str = ""
    hostname: str = ""
    ports: tuple[IngressPortStatus, ...] = ()


class IngressLoadBalancerStatus(Struct, frozen=True, gc=False):
    """``status.loadBalancer``."""

    ingress: tuple[IngressLoadBalancerIngress, ...] = ()


class IngressStatus(Struct, frozen=True, gc=False, rename="camel"):
    """``Ingress.status``."""

    load_balancer: IngressLoadBalancerStatus = IngressLoadBalancerStatus()


class Ingress(Resource, frozen=True, kw_only=True):
    """Routing rules for some hosts."""

    metadata: ObjectMeta
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


class IngressClassSpec(Struct, frozen=True, gc=False):
    """``IngressClass.spec``."""

    controller: str = ""


class IngressClass(Resource, frozen=True, kw_only=True):
    """Names a controller; Ingresses choose one with ``spec.ingressClassName``."""

    metadata: ObjectMeta
    spec: IngressClassSpec = IngressClassSpec()

    @property
    def is_default(self) -> bool:
        """Whether Ingresses that name no class belong to this one."""
        return self.metadata.annotations.get(DEFAULT_CLASS_ANNOTATION) == "true"
