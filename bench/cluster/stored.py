"""Objects as an API server returns them: with what it adds, which has to be read past."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import msgspec

from bench.cluster.objects import Object

LISTS = {
    "ingressclasses": ("networking.k8s.io/v1", "IngressClass"),
    "ingresses": ("networking.k8s.io/v1", "Ingress"),
    "services": ("v1", "Service"),
    "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "secrets": ("v1", "Secret"),
}
"""API version and kind by plural."""

FIRST_VERSION = 1000
CREATED = "2026-01-01T00:00:00Z"
NAMES = uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")


def as_stored(found: Object, version: int) -> Object:
    """The object with its identity, its history of owners and its status."""
    metadata = found["metadata"]
    path = f"{found['kind']}/{metadata.get('namespace')}/{metadata['name']}"
    stored = {
        **found,
        "metadata": {
            **metadata,
            "uid": str(uuid.uuid5(NAMES, path)),
            "resourceVersion": str(version),
            "generation": 1,
            "creationTimestamp": CREATED,
            "managedFields": [_ownership(found)],
        },
    }
    if found["kind"] in ("Ingress", "Service"):
        stored["status"] = {"loadBalancer": {}}
    return stored


def list_of(plural: str, items: Sequence[bytes], version: int, more: str = "") -> bytes:
    """A page of a list. Its items name no kind, as those of an API server do not."""
    api_version, kind = LISTS[plural]
    head = {
        "kind": f"{kind}List",
        "apiVersion": api_version,
        "metadata": {"resourceVersion": str(version), **({"continue": more} if more else {})},
    }
    return msgspec.json.encode({**head, "items": [msgspec.Raw(item) for item in items]})


def item_of(stored: Object) -> bytes:
    """As it stands in a list."""
    named = {"kind", "apiVersion"}
    return msgspec.json.encode({key: stored[key] for key in stored if key not in named})


def stored_items(objects: Mapping[str, Sequence[Object]]) -> dict[str, list[bytes]]:
    """The items of every list, all of the first version."""
    return {
        plural: [item_of(as_stored(each, FIRST_VERSION)) for each in found]
        for plural, found in objects.items()
    }


def _ownership(found: Object) -> Object:
    """Who set which field, as server-side apply records it: often the longest part."""
    return {
        "manager": "kubectl-client-side-apply",
        "operation": "Update",
        "apiVersion": found["apiVersion"],
        "time": CREATED,
        "fieldsType": "FieldsV1",
        "fieldsV1": {f"f:{key}": _fields(found[key]) for key in found if key != "metadata"},
    }


def _fields(value: object) -> Object:
    if isinstance(value, dict):
        return {f"f:{key}": _fields(inner) for key, inner in value.items()}
    return {}
