"""What the controller tells those who watch it: which Ingresses a batch of events concerns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey


class Change(Struct, frozen=True):
    """A batch was applied. ``ingresses`` are those about which anything may be different, those
    that are gone among them; ``services`` (``namespace/name``) those that changed themselves.
    Workers know of it once they serve ``generation``.
    """

    generation: int
    ingresses: frozenset[ObjectKey]
    services: frozenset[str]


Observer: TypeAlias = Callable[[Change], None]
"""Called after each batch. It must return at once, and only note what to look at later."""


class SeenIngress(Struct, frozen=True):
    """An Ingress as the store has it, and whether we serve it."""

    ingress: Ingress
    is_ours: bool


class Served(Struct, frozen=True):
    """What of an Ingress is in the table: its routes, and their hosts in order ("" is any)."""

    routes: int
    hosts: tuple[str, ...]
