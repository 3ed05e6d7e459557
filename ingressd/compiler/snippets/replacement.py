"""What a snippet can be replaced with."""

from __future__ import annotations

from msgspec import Struct

DENIED, REDIRECTED = "denied-paths", "redirect-if"
TO_PODS, TO_CLIENTS = "request-headers", "response-headers"


class Line(Struct, frozen=True):
    """A line of one of ingressd's own annotations."""

    annotation: str
    text: str


class Setting(Struct, frozen=True):
    """An annotation of ingress-nginx, or with ``is_key`` a key of the ConfigMap, and its value."""

    name: str
    value: str
    is_key: bool = False


class Needless(Struct, frozen=True):
    """Nothing has to be said: it is so anyway."""


class Left(Struct, frozen=True):
    """There is nothing to say it with; ``hint`` is what to do instead, "" for nothing."""

    hint: str = ""


Part = Line | Setting | Needless | Left
"""What stands in the place of one directive, or of a part of one."""


class Replacement(Struct, frozen=True):
    """``lines`` are those of ingressd's own annotations, by name; ``left`` are directives as they
    were written, with a hint each."""

    lines: dict[str, tuple[str, ...]]
    settings: tuple[Setting, ...] = ()
    left: tuple[tuple[str, str], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left over."""
        return not self.left
