"""Object identity and metadata, shared by every kind."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


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


class ObjectMeta(Struct, frozen=True, rename="camel"):
    """``metadata`` (meta/v1 ObjectMeta). Timestamps stay RFC 3339 text in UTC: they sort so."""

    name: str
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class Resource(Struct, frozen=True, rename="camel"):
    """Base of every object we read: its metadata and where it was read."""

    metadata: ObjectMeta

    @property
    def key(self) -> ObjectKey:
        """Identity within a store."""
        return ObjectKey(type(self).__name__, self.metadata.namespace, self.metadata.name)
