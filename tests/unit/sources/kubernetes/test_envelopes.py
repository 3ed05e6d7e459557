from __future__ import annotations

import json
from typing import Any

import pytest

from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.envelopes import (
    LAST_APPLIED,
    Bookmark,
    Gone,
    Put,
    Refused,
    decode_line,
    decode_page,
)
from ingressd.sources.kubernetes.errors import ApiError, StreamGarbled


def ingress(name: str, **fields: Any) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "shop",
        "resourceVersion": "7",
        "annotations": {LAST_APPLIED: "{}", "kept": "yes"},
        "managedFields": [{"manager": "kubectl"}],
    }
    return {"metadata": metadata, **fields}


def page(*items: Any, **metadata: str) -> bytes:
    known = {"resourceVersion": "9", **metadata}
    return json.dumps({"kind": "IngressList", "metadata": known, "items": items}).encode()


def line(type_: str, changed: Any) -> bytes:
    return json.dumps({"type": type_, "object": changed}).encode()


def test_a_page_is_decoded_and_trimmed() -> None:
    decoded = decode_page(page(ingress("a"), ingress("b"), **{"continue": "more"}), Ingress)
    assert [each.metadata.name for each in decoded.objects] == ["a", "b"]
    assert decoded.objects[0].metadata.annotations == {"kept": "yes"}
    assert (decoded.version, decoded.continue_, decoded.refused) == ("9", "more", ())


def test_an_empty_page_may_have_null_items() -> None:
    assert decode_page(b'{"metadata":{"resourceVersion":"1"},"items":null}', Ingress).objects == ()


def test_one_bad_object_does_not_cost_the_page() -> None:
    decoded = decode_page(page(ingress("a"), ingress("odd", spec=5), 7), Ingress)
    assert [each.metadata.name for each in decoded.objects] == ["a"]
    odd, nameless = decoded.refused
    assert odd.key == ObjectKey("Ingress", "shop", "odd")
    assert odd.version == "7"
    assert odd.findings[0].field == "spec"
    assert nameless.key is None
    assert nameless.findings


def test_a_null_is_no_mistake() -> None:
    decoded = decode_page(page(ingress("a", spec={"rules": None})), Ingress)
    assert (len(decoded.objects), decoded.refused) == (1, ())


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b'{"items": 5}', b'{"items": [\xff]}'])
def test_what_is_no_list_is_garbage(raw: bytes) -> None:
    with pytest.raises(StreamGarbled):
        decode_page(raw, Ingress)


def test_lines() -> None:
    added = decode_line(line("ADDED", ingress("a")), Ingress)
    assert isinstance(added, Put)
    assert added.resource.metadata.annotations == {"kept": "yes"}
    gone = decode_line(line("DELETED", ingress("a", spec=5)), Ingress)
    assert gone == Gone(ObjectKey("Ingress", "shop", "a"), "7")
    bookmark = decode_line(line("BOOKMARK", {"metadata": {"resourceVersion": "12"}}), Ingress)
    assert bookmark == Bookmark("12")
    odd = decode_line(line("MODIFIED", ingress("a", spec=5)), Ingress)
    assert isinstance(odd, Refused)


def test_an_error_event_is_an_error() -> None:
    status = {"code": 410, "reason": "Expired", "message": "too old"}
    with pytest.raises(ApiError, match="410 Expired: too old"):
        decode_line(line("ERROR", status), Ingress)


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"5",
        b'{"type":"ADDED"}',
        b'{"type":"ODD","object":{}}',
        b'{"type":"DELETED","object":{}}',
        b'{"type":"ERROR","object":5}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_event_is_garbage(raw: bytes) -> None:
    with pytest.raises(StreamGarbled):
        decode_line(raw, Ingress)
