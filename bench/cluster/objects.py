"""The objects of a cluster, as a person writes them, by the plural of their kind."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

from bench.cluster.shape import Shape, address_of, host_of
from ingressd.cli.certificates import make_example_certificate

Object: TypeAlias = dict[str, Any]

CLASS_NAME = "ingressd"
CONTROLLER = "ingressd.dev/ingress-controller"
POD_PORT = 8080
PATHS = ("/", "/api", "/static", "/login", "/admin", "/metrics", "/docs", "/search")


def cluster_objects(shape: Shape) -> dict[str, list[Object]]:
    """Everything there is in a cluster of this shape."""
    chance = random.Random(shape.seed)
    return {
        "ingressclasses": [_ingress_class()],
        "ingresses": [_ingress_of(shape, index, chance) for index in range(shape.ingresses)],
        "services": [service(*place_of(shape, index)) for index in range(shape.services)],
        "endpointslices": list(chain(*(_slices(shape, at) for at in range(shape.services)))),
        "secrets": [_secret(shape, index) for index in range(shape.certificates)],
    }


def ingress(
    namespace: str, name: str, host: str, services: Sequence[str], *, secret: str = ""
) -> Object:
    """An Ingress with one path for each Service; the secret's certificate is for the host."""
    paths = [
        {
            "path": _path(at),
            "pathType": "Prefix",
            "backend": {"service": {"name": backend, "port": {"name": "http"}}},
        }
        for at, backend in enumerate(services)
    ]
    spec: Object = {
        "ingressClassName": CLASS_NAME,
        "rules": [{"host": host, "http": {"paths": paths}}],
    }
    if secret:
        spec["tls"] = [{"hosts": [host], "secretName": secret}]
    return _object("networking.k8s.io/v1", "Ingress", namespace, name, spec=spec)


def service(namespace: str, name: str) -> Object:
    """A Service with one port."""
    spec = {
        "type": "ClusterIP",
        "selector": {"app": name},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": POD_PORT}],
    }
    return _object("v1", "Service", namespace, name, spec=spec)


def endpoint_slice(
    namespace: str, service: str, addresses: Sequence[str], number: int = 0, port: int = POD_PORT
) -> Object:
    """The n-th EndpointSlice of a Service, all of it ready."""
    entry = _object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        namespace,
        f"{service}-{number:05}",
        addressType="IPv4",
        ports=[{"name": "http", "port": port, "protocol": "TCP"}],
        endpoints=[_endpoint(namespace, service, address) for address in addresses],
    )
    entry["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    return entry


def _endpoint(namespace: str, service: str, address: str) -> Object:
    pod = f"{service}-{address.replace('.', '-')}"
    return {
        "addresses": [address],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "nodeName": f"node-{address.rpartition('.')[2]}",
        "targetRef": {"kind": "Pod", "namespace": namespace, "name": pod},
    }


def _ingress_class() -> Object:
    spec = {"controller": CONTROLLER}
    found = _object("networking.k8s.io/v1", "IngressClass", "", CLASS_NAME, spec=spec)
    del found["metadata"]["namespace"]
    return found


def _ingress_of(shape: Shape, index: int, chance: random.Random) -> Object:
    near = shape.neighbours(index)
    services = [place_of(shape, chance.choice(near))[1] for _ in range(shape.paths)]
    secret = f"tls-{index}" if index < shape.certificates else ""
    return ingress(
        shape.namespace_of(index), f"app-{index}", host_of(index), services, secret=secret
    )


def place_of(shape: Shape, service: int) -> tuple[str, str]:
    """Namespace and name of the n-th Service."""
    return shape.namespace_of(service), f"service-{service}"


def _slices(shape: Shape, service: int) -> Iterator[Object]:
    for number, endpoints in enumerate(shape.endpoints_of(service)):
        yield endpoint_slice(
            *place_of(shape, service), [address_of(each) for each in endpoints], number
        )


def _secret(shape: Shape, index: int) -> Object:
    made = make_example_certificate([host_of(index)])
    encoded = {
        "tls.crt": base64.b64encode(made.certificate).decode(),
        "tls.key": base64.b64encode(made.private_key).decode(),
    }
    return _object(
        "v1",
        "Secret",
        shape.namespace_of(index),
        f"tls-{index}",
        type="kubernetes.io/tls",
        data=encoded,
    )


def _path(at: int) -> str:
    return PATHS[at] if at < len(PATHS) else f"/part-{at}"


def _object(version: str, kind: str, namespace: str, name: str, **fields: Any) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}
