from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.decoding import DecodingError, decode_document, decode_json
from ingressd.resources.endpoints import Endpoints, EndpointSlice
from ingressd.resources.finding import Severity
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.resources.service import Service

MARKER = "TOPSECRET"
V1 = "networking.k8s.io/v1"


def document(kind: str, version: str, **fields: object) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "shop"}, **fields}


def ingress(path: object = None, version: str = V1, **fields: object) -> dict[str, Any]:
    spec = {"rules": [{"host": "a.com", "http": {"paths": [path]}}]} if path is not None else {}
    return document("Ingress", version, **{"spec": spec, **fields})


def backend(port: object) -> dict[str, Any]:
    return {"service": {"name": "web", "port": port}}


def only(value: object) -> Resource:
    decoding = decode_document(value, "shop.yaml", "shop.yaml")
    assert decoding.findings == ()
    (located,) = decoding.objects
    return located.resource


@pytest.mark.parametrize(
    ("value", "type_", "namespace"),
    [
        (document("Ingress", V1), Ingress, "default"),
        (document("Ingress", "extensions/v1beta1"), Ingress, "default"),
        (document("IngressClass", V1), IngressClass, ""),
        (document("IngressClass", "networking.k8s.io/v1beta1"), IngressClass, ""),
        (document("Service", "v1"), Service, "default"),
        (document("Endpoints", "v1"), Endpoints, "default"),
        (document("EndpointSlice", "discovery.k8s.io/v1"), EndpointSlice, "default"),
        (document("EndpointSlice", "discovery.k8s.io/v1beta1"), EndpointSlice, "default"),
        (document("Secret", "v1"), Secret, "default"),
        (document("ConfigMap", "v1", metadata={"name": "c", "namespace": "n"}), ConfigMap, "n"),
        (document("IngressClass", V1, metadata={"name": "c", "namespace": "n"}), IngressClass, ""),
    ],
)
def test_every_kind_and_version(value: object, type_: type[Resource], namespace: str) -> None:
    resource = only(value)
    assert type(resource) is type_
    assert resource.key.namespace == namespace


@pytest.mark.parametrize(
    ("value", "code", "field", "words"),
    [
        (
            document("Ingress", V1, metadata={"name": "shop", "annotations": {"n/ssl": True}}),
            "InvalidField", "metadata.annotations[n/ssl]", ["boolean (true)", '"true"'],
        ),
        (
            document("Ingress", V1, metadata={"name": "shop", "labels": {"v": 8}}),
            "InvalidField", "metadata.labels[v]", ["number (8)", '"8"'],
        ),
        (
            document("Service", "v1", metadata={"name": "shop", "labels": {"version": 1.0}}),
            "InvalidField", "metadata.labels[version]", ["number", "quotes"],
        ),
        (
            document(
                "EndpointSlice", "discovery.k8s.io/v1",
                metadata={"name": "shop", "labels": {"kubernetes.io/service-name": 7}},
            ),
            "InvalidField", "metadata.labels[kubernetes.io/service-name]", ["number (7)", '"7"'],
        ),
        (
            document("Secret", "v1", metadata={"name": "shop", "annotations": {"a": True}}),
            "InvalidField", "metadata.annotations[a]", ["boolean", "quotes"],
        ),
        (
            ingress({"backend": backend({"number": "80"})}),
            "InvalidField", "spec.rules[0].http.paths[0].backend.service.port.number",
            ["text", "whole number", "without quotes"],
        ),
        (
            ingress({"path": "/", "backend": {"resource": {"kind": "Bucket"}}}),
            "MissingField", "spec.rules[0].http.paths[0].backend.resource.name",
            ["required", "add spec"],
        ),
        (ingress(spec={"rules": {}}), "InvalidField", "spec.rules", ["a mapping", "a list"]),
        (ingress(spec=[]), "InvalidField", "spec", ["a list", "a mapping"]),
        (ingress(spec={"rules": [None]}), "InvalidField", "spec.rules[0]", ["empty"]),
        (
            ingress({"backend": {"serviceName": "web", "servicePort": True}},
                    "networking.k8s.io/v1beta1"),
            "InvalidField", "spec.rules[0].http.paths[0].backend.servicePort", ["boolean"],
        ),
        (
            document("Service", "v1", spec={"ports": [{"port": 80, "targetPort": 1.5}]}),
            "InvalidField", "spec.ports[0].targetPort", ["1.5", "whole number or text"],
        ),
        (
            document("Secret", "v1", data={"tls.key": MARKER + "!"}),
            "InvalidBase64", "data[tls.key]", ["not base64", "stringData"],
        ),
        (
            document("ConfigMap", "v1", data={"hsts": False}),
            "InvalidField", "data[hsts]", ['"false"'],
        ),
        (
            document("Ingress", V1, metadata={"name": "Shop/.."}),
            "InvalidName", "metadata.name", ["'Shop/..'", "lower-case"],
        ),
        (
            document("Ingress", "networking.k8s.io/v2"),
            "UnknownApiVersion", "apiVersion", ["networking.k8s.io/v2", V1],
        ),
        (document("Ingress", "networking/v1"), "UnknownApiVersion", "apiVersion", [V1]),
        (document("Ingress", "networking.k8s.oi/v1"), "UnknownApiVersion", "apiVersion", [V1]),
        (document("Service", "apps/v1"), "UnknownApiVersion", "apiVersion", ["write v1"]),
        (document("ingress", V1), "UnknownKind", "kind", ["did you mean Ingress?"]),
        (document("Endpoint", "v1"), "UnknownKind", "kind", ["did you mean Endpoints?"]),
    ],
)  # fmt: skip
def test_errors_name_object_field_reason_and_remedy(
    value: dict[str, Any], code: str, field: str, words: list[str]
) -> None:
    decoding = decode_document(value, "shop.yaml", "shop.yaml, document 2")
    (finding,) = decoding.findings
    assert (finding.severity, finding.code, finding.field) == (Severity.ERROR, code, field)
    assert finding.subject.kind == value["kind"]
    assert finding.subject.name == value["metadata"]["name"]
    assert finding.origin == "shop.yaml, document 2"
    text = f"{finding.message} | {finding.remedy}"
    assert [word for word in words if word not in text] == []
    assert MARKER not in text
    assert decoding.objects == ()


@pytest.mark.parametrize(
    ("value", "code", "field"),
    [
        (3, "NotAnObject", ""),
        (None, "NotAnObject", ""),
        ([], "NotAnObject", ""),
        ({"apiVersion": "v1"}, "MissingField", "kind"),
        ({"kind": "Ingress"}, "MissingField", "apiVersion"),
        ({"kind": "Ingress", "apiVersion": V1}, "MissingField", "metadata"),
        ({"kind": "Serv", "apiVersion": "v1"}, "MissingField", "metadata"),
        ({"kind": "Service", "apiVersion": "v1", "metadata": {}}, "MissingField", "metadata.name"),
        ({"kind": "List", "apiVersion": "v1", "items": 3}, "InvalidField", "items"),
    ],
)
def test_what_has_no_name_may_have_been_anything(value: object, code: str, field: str) -> None:
    decoding = decode_document(value, "shop.yaml", "shop.yaml")
    (finding,) = decoding.findings
    assert (finding.code, finding.field) == (code, field)
    assert decoding.has_unknown


def test_an_object_known_by_name_is_refused_alone() -> None:
    decoding = decode_document(document("Ingress", V1, spec=3), "shop.yaml", "shop.yaml")
    assert decoding.refused == {ObjectKey("Ingress", "default", "shop")}
    assert not decoding.has_unknown


@pytest.mark.parametrize(
    ("kind", "version"),
    [
        ("Deployment", "apps/v1"),
        ("Namespace", "v1"),
        ("ServiceAccount", "v1"),
        ("Service", "serving.knative.dev/v1"),
        ("Ingress", "networking.internal.knative.dev/v1alpha1"),
        ("Ingress", "config.openshift.io/v1"),
        ("DeploymentList", "apps/v1"),
    ],
)
def test_what_is_not_ours_is_skipped(kind: str, version: str) -> None:
    decoding = decode_document(document(kind, version), "shop.yaml", "shop.yaml")
    assert (decoding.objects, decoding.findings, decoding.has_unknown) == ((), (), False)


@pytest.mark.parametrize(
    ("value", "field", "remedy"),
    [
        (
            ingress({"pathtype": "Exact", "backend": backend({"number": 80})}),
            "spec.rules[0].http.paths[0].pathtype", "did you mean pathType?",
        ),
        (
            ingress({"backend": {"serviceName": "web"}}),
            "spec.rules[0].http.paths[0].backend.serviceName", "write service.name",
        ),
        (ingress(spec={"backend": {}}), "spec.backend", "write defaultBackend"),
        (document("Ingress", V1, specs={}), "specs", "did you mean spec?"),
        (
            document("Ingress", V1, metadata={"name": "shop", "annotation": {}}),
            "metadata.annotation", "did you mean annotations?",
        ),
    ],
)  # fmt: skip
def test_unknown_fields_of_an_ingress_are_warnings(value: object, field: str, remedy: str) -> None:
    decoding = decode_document(value, "shop.yaml", "shop.yaml")
    (finding,) = decoding.findings
    assert (finding.severity, finding.code) == (Severity.WARNING, "UnknownField")
    assert finding.field == field
    assert remedy in finding.remedy
    assert len(decoding.objects) == 1


def test_all_errors_of_an_object_are_told_at_once() -> None:
    value = ingress({"backend": backend({"number": "80"})}, metadata={"name": "a", "labels": 1})
    fields = [finding.field for finding in decode_document(value, "f", "f").findings]
    assert fields == [
        "metadata.labels",
        "spec.rules[0].http.paths[0].backend.service.port.number",
    ]


def test_nulls_are_dropped_as_the_api_server_drops_them() -> None:
    resource = only(
        document(
            "Ingress", V1,
            metadata={"name": "shop", "labels": None, "annotations": {"a": None}, "uid": None},
            spec={"ingressClassName": None, "rules": None},
        )
    )  # fmt: skip
    assert isinstance(resource, Ingress)
    assert resource.metadata.annotations == {"a": ""}
    assert resource.spec.rules == ()


def test_secret_data_may_be_broken_into_lines() -> None:
    text = base64.b64encode(MARKER.encode()).decode()
    secret = only(document("Secret", "v1", data={"a": text[:4] + "\n" + text[4:] + "\n"}))
    assert isinstance(secret, Secret)
    assert secret.value("a") == MARKER.encode()
    assert MARKER not in repr(secret)


def test_lists_and_lists_within_lists() -> None:
    typed = {"kind": "ServiceList", "apiVersion": "v1", "items": [{"metadata": {"name": "a"}}]}
    items = [typed, document("Deployment", "apps/v1"), document("Ingress", V1), 3]
    decoding = decode_document({"kind": "List", "apiVersion": "v1", "items": items}, "f", "f")
    assert [(str(o.resource.key), o.origin) for o in decoding.objects] == [
        ("Service default/a", "f, items[0], items[0]"),
        ("Ingress default/shop", "f, items[2]"),
    ]
    assert [finding.origin for finding in decoding.findings] == ["f, items[3]"]


def test_json_of_the_api_server() -> None:
    raw = json.dumps(
        document(
            "EndpointSlice", "discovery.k8s.io/v1", endpoints=None, ports=None, addressType="IPv4"
        )
    ).encode()
    assert decode_json(raw, EndpointSlice).endpoints == ()


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b'{"metadata":', "is not JSON"),
        (b"\xff", "is not JSON"),
        (b'{"metadata":{"name":"\xff"}}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"metadata":{"name":3} x', "is not JSON"),
        (b'{"metadata":{"name":"a","namespace":"n"},"data":{"k":"!"}}', "Secret n/a: data[k]"),
        (b"[]", "a list where a mapping is needed"),
    ],
)
def test_json_that_cannot_be_used(raw: bytes, words: str) -> None:
    with pytest.raises(DecodingError, match="Secret") as caught:
        decode_json(raw, Secret)
    assert words in str(caught.value)


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "spec", "rules", "http", "paths", "backend", "ports", "data"])
            | st.text(max_size=3),
            children,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.sampled_from(["Ingress", "Service", "Secret", "Endpoints", "EndpointSlice", "List"]),
    st.sampled_from(["v1", V1, "networking.k8s.io/v1beta1", "discovery.k8s.io/v1beta1", "x/v1"]),
    st.dictionaries(st.sampled_from(["spec", "data", "items", "subsets", "endpoints"]), plain),
    plain | st.just({"name": "a"}),
)
def test_no_document_raises(
    kind: str, version: str, fields: dict[str, object], metadata: object
) -> None:
    value = {"kind": kind, "apiVersion": version, **fields, "metadata": metadata}
    decoding = decode_document(value, "f", "f")
    assert all(finding.message and finding.remedy for finding in decoding.findings)
    assert msgspec.json.encode([located.resource for located in decoding.objects])
