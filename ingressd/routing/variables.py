"""Texts with nginx's variables in them, such as ``https://auth.example.com/?rd=$request_uri``.

A text is parsed once and rendered for each request. Only the variables listed here exist; what they
stand for in a request is the data plane's affair.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias
from urllib.parse import quote

from msgspec import Struct

NAMES = frozenset(
    {
        *("args", "best_http_host", "escaped_request_uri", "host", "http_host", "is_args"),
        *("remote_addr", "request_method", "request_uri", "scheme", "uri"),
        *("query_string", "remote_user", "req_id"),
        *("ingress_name", "namespace", "service_name", "service_port"),
        "pass_access_scheme",
    }
)
"""Variables that are known by their whole name."""

PREFIXES = ("arg_", "cookie_", "http_")
"""Starts of names whose rest is a parameter, a cookie or a header field in lower case with "_"."""

_VISIBLE = "".join(map(chr, range(0x21, 0x7F)))
_PIECE = re.compile(r"\$(?:\{(\w+)\}|([1-9])|(\w+))|([^$]+)|(\$)", re.ASCII | re.DOTALL)

Lookup: TypeAlias = Callable[[str], str]
"""Finds the value of a variable; "" where the request has none."""


class Variable(Struct, frozen=True):
    """A variable by its name, or a group of the route's expression by its digit."""

    name: str

    @property
    def is_group(self) -> bool:
        """Whether it is ``$1`` to ``$9``."""
        return self.name.isdigit()


class Template(Struct, frozen=True):
    """A parsed text: literal pieces and variables in turn."""

    pieces: tuple[str | Variable, ...]

    @property
    def is_constant(self) -> bool:
        """Whether it is the same for every request."""
        return all(isinstance(piece, str) for piece in self.pieces)

    def render(self, lookup: Lookup) -> str:
        """The text for one request. Values are put in as they are, with bytes that are no UTF-8 as
        surrogates: see ``as_url`` and ``as_field`` for texts that leave the program."""
        return "".join(
            piece if isinstance(piece, str) else lookup(piece.name) for piece in self.pieces
        )


def as_url(text: str) -> str:
    """A rendered text as a URL, with controls, spaces and all beyond ASCII percent-encoded."""
    return quote(text.encode("utf-8", "surrogateescape"), safe=_VISIBLE)


def as_field(text: str) -> str:
    """A rendered text as the value of a header field: no line can be added with it."""
    return quote(text.encode("utf-8", "surrogateescape"), safe=f"{_VISIBLE} \t").strip(" \t")


def parse_template(text: str, *, groups: bool = False) -> Template:
    """Parse a text. ``groups`` admits ``$1`` to ``$9``.

    Raises ValueError, whose message names the fault: an unknown variable, or a "$" that begins
    none.
    """
    return Template(tuple(_piece(found, groups) for found in _PIECE.finditer(text)))


def _piece(found: re.Match[str], groups: bool) -> str | Variable:
    braced, digit, plain, literal, _ = found.groups()
    if literal is not None:
        return literal
    name = braced or digit or plain
    if name is None:
        raise ValueError('"$" without the name of a variable')
    is_group = name.isdigit() and len(name) == 1 and name != "0"
    is_known = name in NAMES or any(
        name.startswith(prefix) and name != prefix for prefix in PREFIXES
    )
    if not is_known and not (is_group and groups):
        raise ValueError(f"unknown variable ${name}")
    return Variable(name)
