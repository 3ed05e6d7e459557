from __future__ import annotations

import copy
from typing import Any

import pytest

from ingressd.resources.legacy import (
    is_legacy_ingress,
    legacy_field,
    slice_to_v1,
    to_v1,
    to_v1_document,
)


def ingress(
    spec: object, version: str = "extensions/v1beta1", **metadata: object
) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": "Ingress",
        "metadata": {"name": "shop", **metadata},
        "spec": spec,
    }


def rules(path: dict[str, Any]) -> dict[str, Any]:
    return {"rules": [{"host": "a.com", "http": {"paths": [path]}}]}


@pytest.mark.parametrize(
    ("backend", "service"),
    [
        ({"serviceName": "web", "servicePort": 80}, {"name": "web", "port": {"number": 80}}),
        ({"serviceName": "web", "servicePort": "http"}, {"name": "web", "port": {"name": "http"}}),
        ({"serviceName": "web", "servicePort": "80"}, {"name": "web", "port": {"number": 80}}),
        ({"serviceName": "web"}, {"name": "web"}),
        ({"serviceName": "web", "servicePort": None}, {"name": "web"}),
        ({"servicePort": 80}, {"port": {"number": 80}}),
    ],
)
def test_backends_of_paths_and_of_the_default(
    backend: dict[str, Any], service: dict[str, Any]
) -> None:
    legacy = ingress({"backend": backend, **rules({"path": "/x", "backend": backend})})
    untouched = copy.deepcopy(legacy)
    path = {"path": "/x", "pathType": "ImplementationSpecific", "backend": {"service": service}}
    assert to_v1(legacy) == ingress(
        {"defaultBackend": {"service": service}, **rules(path)}, "networking.k8s.io/v1"
    )
    assert legacy == untouched


def test_a_written_path_type_and_a_resource_backend_stay() -> None:
    path = {"pathType": "Exact", "backend": {"resource": {"kind": "Bucket", "name": "b"}}}
    converted = to_v1(ingress(rules(path), "networking.k8s.io/v1beta1"))
    assert converted["spec"] == rules(path)


@pytest.mark.parametrize(
    "spec", [None, 3, [], {"rules": 3}, {"rules": [3, {"http": {"paths": 1}}]}]
)
def test_other_shapes_stay_as_they_are(spec: object) -> None:
    assert to_v1(ingress(spec))["spec"] == spec


def test_the_class_annotation_is_kept() -> None:
    annotations = {"kubernetes.io/ingress.class": "nginx"}
    assert to_v1(ingress({}, annotations=annotations))["metadata"]["annotations"] == annotations


def test_a_manifest_to_keep_has_no_server_noise() -> None:
    noisy = ingress(
        {"backend": {"serviceName": "web", "servicePort": 80}, "unknown": 1},
        uid="1", resourceVersion="2", generation=3, creationTimestamp=None, managedFields=[],
        labels={"app": "shop"}, finalizers=["f"],
    )  # fmt: skip
    assert to_v1_document({**noisy, "status": {"loadBalancer": {}}}) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "shop", "labels": {"app": "shop"}, "finalizers": ["f"]},
        "spec": {
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
            "unknown": 1,
        },
    }


def test_a_v1_ingress_is_not_rewritten() -> None:
    current = ingress({"backend": {"serviceName": "a"}}, "networking.k8s.io/v1")
    assert not is_legacy_ingress(current)
    assert to_v1_document(current) == current


@pytest.mark.parametrize(
    ("field", "old"),
    [
        ("spec.defaultBackend.service.name", "spec.backend.serviceName"),
        (
            "spec.rules[0].http.paths[1].backend.service.port.number",
            "spec.rules[0].http.paths[1].backend.servicePort",
        ),
        ("spec.rules[0].host", "spec.rules[0].host"),
    ],
)
def test_fields_by_their_legacy_names(field: str, old: str) -> None:
    assert legacy_field(field) == old


def test_topology_names_the_node_of_an_old_slice() -> None:
    topology = {"kubernetes.io/hostname": "node-1"}
    old = {"endpoints": [{"addresses": ["10.0.0.1"], "topology": topology}, {"addresses": []}]}
    first, second = slice_to_v1(old)["endpoints"]
    assert first["nodeName"] == "node-1"
    assert "nodeName" not in second
