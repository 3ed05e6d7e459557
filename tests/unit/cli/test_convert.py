from __future__ import annotations

import json

import yaml

from ingressd.cli.convert import converted

LEGACY = """\
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: old}
spec:
  backend: {serviceName: lost, servicePort: http}
"""
SERVICE = """\
# kept
apiVersion: v1
kind: Service
metadata: {name: web}   # as it is
"""


def test_a_legacy_ingress_becomes_v1() -> None:
    assert yaml.safe_load(converted(LEGACY)) == {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "old"},
        "spec": {"defaultBackend": {"service": {"name": "lost", "port": {"name": "http"}}}},
    }


def test_another_document_stays_as_it_is() -> None:
    assert converted(SERVICE) == SERVICE


def test_a_broken_document_stays_as_it_is() -> None:
    assert converted("kind: [") == "kind: ["


def test_a_list_is_rewritten_item_by_item() -> None:
    items = [yaml.safe_load(LEGACY), yaml.safe_load(SERVICE), "odd"]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    ingress, service, odd = yaml.safe_load(converted(text))["items"]
    assert ingress["apiVersion"] == "networking.k8s.io/v1"
    assert service == items[1]
    assert odd == "odd"


def test_text_that_looks_like_a_number_stays_text() -> None:
    annotated = LEGACY.replace("{name: old}", '{name: old, annotations: {a: "1", b: "yes"}}')
    metadata = yaml.safe_load(converted(annotated))["metadata"]
    assert metadata["annotations"] == {"a": "1", "b": "yes"}
