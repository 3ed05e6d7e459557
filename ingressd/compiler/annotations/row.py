"""The shape of one row of the annotation table."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from ingressd.compiler.annotations.protection import Protects, nothing
from ingressd.compiler.annotations.values import Parser, parse_bool
from ingressd.routing.policy import DEFAULT_POLICY, Policy


class Scope(Enum):
    """What an annotation applies to: the paths of its Ingress one by one, all of them together, a
    whole host, or a Service port."""

    PATH = "path"
    INGRESS = "ingress"
    HOST = "host"
    UPSTREAM = "service port"


class Tier(Enum):
    """How often it is met: nearly everywhere, sometimes, rarely."""

    COMMON = 1
    EXPECTED = 2
    RARE = 3


class Support(Enum):
    """What ingressd makes of an annotation that is written well.

    NO_OP is accepted and changes nothing, because nothing in ingressd depends on it. NEVER is left
    out on purpose.
    """

    HONOURED = "honoured"
    NO_OP = "no-op"
    NOT_YET = "not yet"
    NEVER = "never"


class Directives(Struct, frozen=True):
    """All that the annotations of one Ingress say: the policy of its routes, and what steers the
    compiler itself."""

    policy: Policy = DEFAULT_POLICY
    use_regex: bool = False
    is_canary: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """One annotation, without its prefix. ``summary`` is one line of documentation.

    ``aliases`` are other names; the first name wins. ``requires`` names an annotation without which
    this one does nothing. ``protects`` tells for a text whether serving the paths without it would
    open what it closes: then they answer 503.

    Where it is honoured, ``value`` reads it and ``field`` is where the value goes in
    :class:`Directives`, dotted; of two rows with the same field the later one wins.

    Where it is not, ``instead`` says what happens (for a no-op: why nothing is lost), ``remedy``
    what to do, and ``usual`` is the text that asks for what happens anyway, and so is honoured. A
    value is applied all the same if there is a field for it.
    """

    name: str
    tier: Tier
    summary: str
    scope: Scope = Scope.PATH
    aliases: tuple[str, ...] = ()
    requires: str = ""
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
        if self.usual != "false":
            return text.strip().lower() == self.usual if self.usual else False
        try:
            return not parse_bool(text)
        except ValueError:
            return False
