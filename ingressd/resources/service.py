"""Service (v1)."""

from __future__ import annotations

from msgspec import Struct, field

from ingressd.resources.metadata import Resource

CLIENT_IP_TIMEOUT_SECONDS = 10800  # the API server's default for sessionAffinityConfig.clientIP


class ServicePort(Struct, frozen=True, gc=False, rename="camel"):
    """One entry of ``ports``. ``target_port`` is a number or the name of a container port."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None


class ClientIPConfig(Struct, frozen=True, gc=False, rename="camel"):
    """``sessionAffinityConfig.clientIP``; the timeout is in seconds."""

    timeout_seconds: int = CLIENT_IP_TIMEOUT_SECONDS


class SessionAffinityConfig(Struct, frozen=True, gc=False):
    """``sessionAffinityConfig``."""

    client_ip: ClientIPConfig | None = field(name="clientIP", default=None)


class ServiceSpec(Struct, frozen=True, gc=False, rename="camel"):
    """``Service.spec``."""

    type: str = "ClusterIP"
    ports: tuple[ServicePort, ...] = ()
    selector: dict[str, str] | None = None
    external_name: str = ""
    session_affinity: str = "None"
    publish_not_ready_addresses: bool = False
    external_traffic_policy: str = ""
    cluster_ip: str = field(name="clusterIP", default="")
    external_ips: tuple[str, ...] = field(name="externalIPs", default=())
    session_affinity_config: SessionAffinityConfig | None = None

    @property
    def is_headless(self) -> bool:
        """``clusterIP: None``: the endpoints are all there is."""
        return self.cluster_ip == "None"


class LoadBalancerIngress(Struct, frozen=True, gc=False):
    """One entry of ``status.loadBalancer.ingress``."""

    ip: str = ""
    hostname: str = ""


class LoadBalancerStatus(Struct, frozen=True, gc=False):
    """``status.loadBalancer``."""

    ingress: tuple[LoadBalancerIngress, ...] = ()


class ServiceStatus(Struct, frozen=True, gc=False, rename="camel"):
    """``Service.status``."""

    load_balancer: LoadBalancerStatus = LoadBalancerStatus()


class Service(Resource, frozen=True, kw_only=True):
    """A name and ports for a set of endpoints."""

    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()
