"""Secrets and ConfigMaps that annotations name: what a row needs of one, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct

from ingressd.resources.decoding import is_object_name
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret

SECRET = Secret.__name__
CONFIG_MAP = ConfigMap.__name__

V = TypeVar("V", bytes, str)

Find: TypeAlias = Callable[[ObjectKey], Resource | None]
"""The object of a key as it is now, None where there is none."""


def no_doubt(content: Mapping[str, Any]) -> str:
    """All of it can be used."""
    return ""


def key_alone(key: str, content: Mapping[str, Any]) -> str:
    """What goes into a policy of a Secret: ``namespace/name``."""
    return key


class Referent(Struct, Generic[V], frozen=True, kw_only=True):
    """What a row needs of the object that it names.

    ``fault`` is a pure check of the content: it completes "Secret shop/users ...", and is "" where
    nothing is wrong; ``remedy`` says what to do otherwise. ``doubt`` tells in the same way of what
    is left out where the rest can be used. ``value`` makes, of ``namespace/name`` and the content,
    what goes into the field of the row. ``entries`` are the keys of a Secret that workers get, None
    for all of them. ``is_confined``: it must be in the namespace of the Ingress, unless
    ``allow-cross-namespace-resources`` says otherwise.
    """

    kind: str
    fault: Callable[[Mapping[str, V]], str]
    remedy: str
    doubt: Callable[[Mapping[str, V]], str] = no_doubt
    value: Callable[[str, Mapping[str, V]], object] = key_alone
    entries: frozenset[str] | None = frozenset()
    is_confined: bool = True


Refers: TypeAlias = Callable[[Mapping[str, str]], Referent[Any]]
"""What a row refers to, given the texts of all annotations of the Ingress by name."""


class WantedSecret(NamedTuple):
    """A Secret (``namespace/name``) that the policies of an Ingress hold the key of, and which of
    its entries workers get: None for all."""

    secret: str
    entries: frozenset[str] | None


class Referred(NamedTuple):
    """The value that comes of an object, and what of the object is left out, "" for nothing."""

    value: object
    doubt: str


class Unusable(NamedTuple):
    """Why there is nothing to be had, and what to do about it."""

    fault: str
    remedy: str


def always_to(referent: Referent[V]) -> Refers:
    """Whatever the other annotations say."""
    return lambda _: referent


def read_name(text: str, kind: str, namespace: str) -> ObjectKey:
    """The object that ``name`` or ``namespace/name`` means in an Ingress of a namespace. Raises
    ValueError for what no object can be called."""
    outer, separator, name = text.rpartition("/")
    key = ObjectKey(kind, outer if separator else namespace, name)
    if not is_object_name(key.name) or not is_object_name(key.namespace):
        raise ValueError("not the name of an object")
    return key


def content_of(resource: Resource | None) -> Mapping[str, Any] | None:
    """The entries of a Secret as bytes, or of a ConfigMap as text; None for all else."""
    match resource:
        case Secret():
            written = {name: text.encode() for name, text in resource.string_data.items()}
            return {**resource.data, **written}
        case ConfigMap():
            return resource.data
    return None


def look_up(
    referent: Referent[Any], key: ObjectKey, namespace: str, find: Find, *, may_cross: bool
) -> Mapping[str, Any] | Unusable:
    """The content of what an Ingress of ``namespace`` names, or why it cannot be used."""
    if referent.is_confined and key.namespace != namespace and not may_cross:
        return Unusable(
            f"{key} is in another namespace, which the ConfigMap does not allow "
            "(allow-cross-namespace-resources)",
            f"put it into namespace {namespace} and name it alone",
        )
    content = content_of(find(key))
    if content is None:
        return Unusable(
            f"{key} does not exist, or cannot be read",
            "create it; it is used as soon as it exists",
        )
    fault = referent.fault(content)
    return Unusable(f"{key} {fault}", referent.remedy) if fault else content
