"""Legacy forms rewritten as v1: Ingress (two groups' v1beta1) and EndpointSlice (v1beta1).

Works on plain values and copies what it changes: a document read from a file may share parts.
Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/#ingress-v122
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

INGRESS_API_VERSION = "networking.k8s.io/v1"
LEGACY_API_VERSIONS = ("extensions/v1beta1", "networking.k8s.io/v1beta1")
LEGACY_PATH_TYPE = "ImplementationSpecific"  # what v1beta1 means where no pathType is written
HOSTNAME_LABEL = "kubernetes.io/hostname"

_SERVER_FIELDS = (
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def is_legacy_ingress(document: Mapping[str, Any]) -> bool:
    """Whether the document is an Ingress in a form that Kubernetes 1.22 removed."""
    return document.get("kind") == "Ingress" and document.get("apiVersion") in LEGACY_API_VERSIONS


def to_v1(document: Mapping[str, Any]) -> dict[str, Any]:
    """A legacy Ingress as v1; whatever has not the expected shape stays as it is."""
    converted = {**document, "apiVersion": INGRESS_API_VERSION}
    return _with(converted, "spec", _spec)


def slice_to_v1(document: Mapping[str, Any]) -> dict[str, Any]:
    """An EndpointSlice of discovery.k8s.io/v1beta1, where topology names the node, as v1."""
    return _with_each(dict(document), "endpoints", _slice_endpoint)


def _slice_endpoint(endpoint: dict[str, Any]) -> dict[str, Any]:
    topology = endpoint.get("topology")
    if not isinstance(topology, dict) or HOSTNAME_LABEL not in topology:
        return endpoint
    return {"nodeName": topology[HOSTNAME_LABEL], **endpoint}


def to_v1_document(document: Mapping[str, Any]) -> dict[str, Any]:
    """An Ingress of any version as a v1 manifest: no status, nothing a server wrote."""
    converted = to_v1(document) if is_legacy_ingress(document) else dict(document)
    converted.pop("status", None)
    return _with(converted, "metadata", _written_metadata)


def legacy_field(path: str) -> str:
    """The field of a legacy Ingress that became ``path`` in v1."""
    if path.startswith("spec.defaultBackend"):
        path = "spec.backend" + path.removeprefix("spec.defaultBackend")
    for new, old in (
        (".service.port.number", ".servicePort"),
        (".service.port.name", ".servicePort"),
        (".service.port", ".servicePort"),
        (".service.name", ".serviceName"),
    ):
        path = path.replace(new, old)
    return path


def _with(
    mapping: dict[str, Any], name: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    value = mapping.get(name)
    return {**mapping, name: change(value)} if isinstance(value, dict) else mapping


def _with_each(
    mapping: dict[str, Any], name: str, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    items = mapping.get(name)
    if not isinstance(items, list):
        return mapping
    return {**mapping, name: [change(i) if isinstance(i, dict) else i for i in items]}


def _spec(spec: dict[str, Any]) -> dict[str, Any]:
    renamed = {("defaultBackend" if name == "backend" else name): spec[name] for name in spec}
    return _with_each(_with(renamed, "defaultBackend", _backend), "rules", _rule)


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    return _with(rule, "http", lambda http: _with_each(http, "paths", _path))


def _path(path: dict[str, Any]) -> dict[str, Any]:
    typed = path if path.get("pathType") is not None else {**path, "pathType": LEGACY_PATH_TYPE}
    return _with(typed, "backend", _backend)


def _backend(backend: dict[str, Any]) -> dict[str, Any]:
    if not backend.keys() & {"serviceName", "servicePort"}:
        return backend
    service: dict[str, Any] = {}
    if "serviceName" in backend:
        service["name"] = backend["serviceName"]
    if backend.get("servicePort") is not None:
        service["port"] = _port(backend["servicePort"])
    kept = {n: v for n, v in backend.items() if n not in ("serviceName", "servicePort")}
    return {**kept, "service": service}


def _port(port: object) -> dict[str, Any]:
    """Text of digits is a number: no port name may be one, so nothing else can be meant."""
    if isinstance(port, str):
        is_number = port.isascii() and port.isdigit() and len(port) <= 5
        return {"number": int(port)} if is_number else {"name": port}
    return {"number": port}


def _written_metadata(metadata: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in metadata.items() if n not in _SERVER_FIELDS and v is not None}
