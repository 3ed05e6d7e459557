"""The API server's envelopes: pages of a list, and the lines of a watch, to typed objects."""

from __future__ import annotations

from functools import cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from ingressd.resources.decoding import DecodingError, decode_json
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey, ObjectMeta, Resource
from ingressd.resources.sharing import with_shared_values
from ingressd.sources.kubernetes.errors import Status, StreamGarbled

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

T = TypeVar("T")


class Refused(Struct, frozen=True):
    """An object that cannot be used. ``key`` is None where not even its name can be read."""

    key: ObjectKey | None
    version: str
    findings: tuple[Finding, ...]


class Page(Struct, frozen=True):
    """A part of a list; ``continue_`` asks for the next one, "" after the last."""

    objects: tuple[Resource, ...]
    refused: tuple[Refused, ...]
    version: str
    continue_: str


class Put(Struct, frozen=True):
    """An object as it is now."""

    resource: Resource


class Gone(Struct, frozen=True):
    """An object that was deleted, at ``version``."""

    key: ObjectKey
    version: str


class Bookmark(Struct, frozen=True):
    """Nothing happened up to ``version``."""

    version: str


class _ListMetadata(Struct, frozen=True):
    resource_version: str = msgspec.field(name="resourceVersion", default="")
    continue_: str = msgspec.field(name="continue", default="")


class _List(Struct, Generic[T], frozen=True):
    items: tuple[T, ...] | None
    metadata: _ListMetadata = _ListMetadata()


class _Line(Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Metadata(Struct, frozen=True):
    name: str = ""
    namespace: str = ""
    resource_version: str = msgspec.field(name="resourceVersion", default="")


class _Identity(Struct, frozen=True):
    metadata: _Metadata = _Metadata()


def decode_page(raw: bytes, kind: type[Resource]) -> Page:
    """A page of a list; raises StreamGarbled where it is none.

    Objects that do not fit are looked at one by one, which a page without such is spared.
    """
    try:
        fast = _list_decoder(kind).decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_item_by_item(raw, kind)
    objects = tuple(_trimmed(item) for item in fast.items or ())
    return Page(objects, (), fast.metadata.resource_version, fast.metadata.continue_)


def decode_line(raw: bytes, kind: type[Resource]) -> Put | Gone | Bookmark | Refused:
    """One line of a watch. Raises ApiError for an ERROR event, StreamGarbled for what is none."""
    try:
        line = msgspec.json.decode(raw, type=_Line)
        if line.type == "ERROR":
            raise msgspec.json.decode(line.object, type=Status).as_error()
        if line.type in ("ADDED", "MODIFIED"):
            decoded = _decode_object(line.object, kind)
            return decoded if isinstance(decoded, Refused) else Put(decoded)
        identity = msgspec.json.decode(line.object, type=_Identity)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StreamGarbled(f"a line of the watch is not an event: {error}") from None
    if line.type == "BOOKMARK":
        return Bookmark(identity.metadata.resource_version)
    if line.type == "DELETED" and identity.metadata.name:
        return Gone(_key(identity, kind), identity.metadata.resource_version)
    raise StreamGarbled(f"a line of the watch is of type {line.type[:40]!r}")


@cache
def _list_decoder(kind: type[Resource]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_List[kind])  # type: ignore[valid-type]


_RAW_LIST = msgspec.json.Decoder(_List[msgspec.Raw])


def _decode_item_by_item(raw: bytes, kind: type[Resource]) -> Page:
    try:
        page = _RAW_LIST.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StreamGarbled(f"the list of {kind.__name__} is not one: {error}") from None
    decoded = [_decode_object(item, kind) for item in page.items or ()]
    return Page(
        tuple(each for each in decoded if not isinstance(each, Refused)),
        tuple(each for each in decoded if isinstance(each, Refused)),
        page.metadata.resource_version,
        page.metadata.continue_,
    )


def _decode_object(raw: msgspec.Raw, kind: type[Resource]) -> Resource | Refused:
    try:
        return _trimmed(decode_json(bytes(raw), kind))
    except DecodingError as error:
        try:
            identity = msgspec.json.decode(raw, type=_Identity)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Refused(None, "", error.findings())
        key = _key(identity, kind) if identity.metadata.name else None
        return Refused(key, identity.metadata.resource_version, error.findings())


def _trimmed(resource: Resource) -> Resource:
    """Without kubectl's copy of the whole object (nobody else holds the dict yet), and without its
    own copy of what other objects say, too."""
    metadata = resource.metadata
    if isinstance(metadata, ObjectMeta) and isinstance(metadata.annotations, dict):
        metadata.annotations.pop(LAST_APPLIED, None)
    return with_shared_values(resource)


def _key(identity: _Identity, kind: type[Resource]) -> ObjectKey:
    return ObjectKey(kind.__name__, identity.metadata.namespace, identity.metadata.name)
