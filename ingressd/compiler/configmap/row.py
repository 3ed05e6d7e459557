"""The shape of one row of the table of ConfigMap keys."""

from __future__ import annotations

from msgspec import Struct

from ingressd.compiler.annotations.protection import Protects, nothing
from ingressd.compiler.annotations.row import Directives, Support
from ingressd.compiler.annotations.values import Parser, is_same
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


class Row(Struct, frozen=True, kw_only=True):
    """One key. ``summary`` is one line of documentation, ``default`` what holds without the key, as
    it would be written; "" for nothing.

    ``protects`` tells for a text whether serving without it would open what it closes: then every
    route answers 503. Where it is honoured, ``value`` reads it and ``field`` is where the value
    goes in :class:`GlobalDirectives`, dotted.

    Where it is not, ``instead`` says what happens (for a no-op: why nothing is lost), ``remedy``
    what to do, and ``usual`` is the text that asks for what happens anyway, and so is honoured. An
    empty text then asks for nothing. A value is applied all the same if there is a field for it.
    """

    name: str
    summary: str
    default: str = ""
    protects: Protects = nothing
    field: str = ""
    value: Parser | None = None
    support: Support = Support.HONOURED
    instead: str = "it is ignored"
    remedy: str = ""
    usual: str = ""

    @property
    def is_protective(self) -> bool:
        """Whether it can be that nothing may be served without it."""
        return self.protects is not nothing

    def is_usual(self, text: str) -> bool:
        """Whether it asks for what happens anyway."""
        if not text.strip():
            return self.value is None
        return bool(self.usual) and is_same(text, self.usual)


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
