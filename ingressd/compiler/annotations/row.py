"""The shape of one row of the annotation table."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

from ingressd.compiler.annotations.values import Parser
from ingressd.routing.policy import DEFAULT_POLICY, Policy


class Scope(Enum):
    """What an annotation applies to: the paths of its Ingress, a whole host, or a Service port."""

    PATH = "path"
    HOST = "host"
    UPSTREAM = "service port"


class Tier(Enum):
    """How often it is met: nearly everywhere, sometimes, rarely."""

    COMMON = 1
    EXPECTED = 2
    RARE = 3


class Directives(Struct, frozen=True):
    """All that the annotations of one Ingress say: the policy of its routes, and what steers the
    compiler itself."""

    policy: Policy = DEFAULT_POLICY
    use_regex: bool = False
    is_canary: bool = False


class Row(Struct, frozen=True, kw_only=True):
    """One annotation, without its prefix.

    ``field`` is where the value goes in :class:`Directives`, dotted. Of two rows with the same
    field the later one wins. ``requires`` names an annotation without which this one does nothing.
    ``aliases`` are other names; the first name wins. ``summary`` is one line of documentation.
    """

    name: str
    field: str
    value: Parser
    scope: Scope
    tier: Tier
    summary: str
    requires: str = ""
    aliases: tuple[str, ...] = ()
