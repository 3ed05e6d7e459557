"""Object identity and metadata, shared by every kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

NOTHING: Mapping[str, str] = MappingProxyType({})
"""One for all objects that have no labels, or no annotations; a dict for each takes 64 bytes."""


class ObjectKey(NamedTuple):
    """Identity of an object. ``namespace`` is "" for cluster-scoped kinds (IngressClass)."""

    kind: str
    namespace: str
    name: str

    @property
    def qualified_name(self) -> str:
        """``namespace/name``, or the bare name of a cluster-scoped object."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.qualified_name}"


class BareMeta(Struct, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """What is kept of ``metadata`` (meta/v1 ObjectMeta) where nothing else is of use: large
    clusters have tens of thousands of Services and EndpointSlices."""

    name: str
    namespace: str = ""
    resource_version: str = ""


class LabelledMeta(BareMeta, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """The same where labels matter."""

    labels: Mapping[str, str] = NOTHING


class ObjectMeta(LabelledMeta, frozen=True, gc=False, rename="camel", omit_defaults=True):
    """All that is ever used. Timestamps stay RFC 3339 text in UTC: they sort so."""

    uid: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    annotations: Mapping[str, str] = NOTHING


class Resource(Struct, frozen=True, gc=False, rename="camel"):
    """Base of every object we read. None holds a cycle, so the collector need not know of them."""

    metadata: BareMeta

    @property
    def key(self) -> ObjectKey:
        """Identity within a store."""
        return ObjectKey(type(self).__name__, self.metadata.namespace, self.metadata.name)
