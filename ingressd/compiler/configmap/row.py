"""The shape of one row of the table of ConfigMap keys."""

from __future__ import annotations

from msgspec import Struct

from ingressd.compiler.annotations.row import Directives, Support, TextRow
from ingressd.compiler.annotations.values import Parser
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy, StrictTransport


class HeaderBuffers(Struct, frozen=True):
    """What nginx keeps the head of a request in: a line must fit into one of ``number`` buffers of
    ``size`` bytes, the head into all of them (``large-client-header-buffers``)."""

    number: int
    size: int


class GlobalDirectives(Struct, frozen=True):
    """All that the keys say: the global policy, and ``directives``, with which the annotations of
    each Ingress begin. ``hsts``, ``strict_transport`` and ``header_buffers`` become a part of the
    policy once all keys are read, and so do the contents of the ConfigMaps (``namespace/name``, ""
    for none) ``add_headers`` and ``set_headers``."""

    global_policy: GlobalPolicy = DEFAULT_GLOBAL_POLICY
    directives: Directives = Directives()
    hsts: bool = True
    strict_transport: StrictTransport = StrictTransport()
    header_buffers: HeaderBuffers | None = None
    add_headers: str = ""
    set_headers: str = ""


class Row(TextRow, frozen=True, kw_only=True):
    """One key; its ``field`` is one of :class:`GlobalDirectives`, and ``value`` reads its text, of
    which nothing is taken without one. ``default`` is what holds without it, as it would be
    written; "" for nothing. What protects and cannot be given closes all routes."""

    value: Parser | None = None
    default: str = ""

    def is_usual(self, text: str) -> bool:
        """Whether it asks for what happens anyway. An empty text asks for nothing, unless there is
        a value that it could be."""
        return super().is_usual(text) if text.strip() else self.value is None


def no_op(name: str, summary: str, default: str, instead: str) -> Row:
    """A key that changes nothing because nothing here depends on it."""
    return Row(
        name=name,
        summary=summary,
        default=default,
        support=Support.NO_OP,
        instead=instead,
        remedy="leave it or remove it",
    )
