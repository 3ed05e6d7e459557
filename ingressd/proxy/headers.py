"""Which header fields travel, which stop here, and which we write ourselves.

Names are compared in lower case as bytes; values travel byte for byte (RFC 9110 section 5.5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeAlias

RawHeaders = Sequence[tuple[bytes, bytes]]
Split: TypeAlias = Callable[[RawHeaders], tuple[list[bytes], dict[bytes, bytes]]]
"""Parts the fields of a request as :func:`split_request` does."""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Fields that concern one connection only (RFC 9110 section 7.6.1, and two of older times)."""

FORWARDED = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-proto",
        b"x-forwarded-scheme",
        b"x-original-forwarded-for",
        b"x-original-forwarded-host",
        b"x-real-ip",
        b"x-request-id",
        b"x-scheme",
    }
)
"""Fields that tell a pod about the client. A client that sends them itself is not believed."""

REQUEST_MANAGED = HOP_BY_HOP | FORWARDED | {b"content-length", b"expect", b"host", b"proxy"}
"""Request fields that never pass as they came: we consume them, drop them, or write our own."""

FOR_NGINX = frozenset(
    {
        b"x-accel-buffering",
        b"x-accel-charset",
        b"x-accel-expires",
        b"x-accel-limit-rate",
        b"x-accel-redirect",
    }
)
"""Response fields by which pods steer nginx, which shows them to nobody."""

RESPONSE_MANAGED = HOP_BY_HOP | FOR_NGINX | {b"content-length"}
"""Response fields that never pass as they came."""

TRAILER_FORBIDDEN = RESPONSE_MANAGED | {
    b"authorization",
    b"cache-control",
    b"content-encoding",
    b"content-range",
    b"content-type",
    b"host",
    b"set-cookie",
}
"""Fields that must not stand in trailers (RFC 9110 section 6.5.1)."""


def line(name: bytes, value: bytes) -> bytes:
    """One serialised field line."""
    return b"%b: %b\r\n" % (name, value)


def split_request(
    raw: RawHeaders, *, keeps_underscores: bool = False
) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Field lines that may travel, and the managed fields by lower-case name.

    Repeated managed fields are joined with commas, as RFC 9110 section 5.3 allows. Names with an
    underscore are dropped: CGI-like servers cannot tell them from the same name with a dash. Where
    they are kept all the same, those go that would be managed ones there.
    """
    lines: list[bytes] = []
    fields: dict[bytes, bytes] = {}
    for name, value in raw:
        lowered = name.lower()
        if lowered in REQUEST_MANAGED:
            known = fields.get(lowered)
            fields[lowered] = value if known is None else known + b", " + value
        elif b"_" not in name or (keeps_underscores and _dashed(lowered) not in REQUEST_MANAGED):
            lines.append(b"%b: %b\r\n" % (name, value))
    connection = fields.get(b"connection")
    if connection is not None and connection.lower() not in PLAIN_TOKENS:
        lines = without(lines, connection_tokens(connection) - PLAIN_TOKENS)
    return lines, fields


split_underscored: Split = partial(split_request, keeps_underscores=True)

PLAIN_TOKENS = frozenset({b"close", b"keep-alive", b"upgrade"})


def connection_tokens(value: bytes) -> frozenset[bytes]:
    """The lower-case tokens of a comma-separated field, such as ``Connection``."""
    return frozenset(token.strip(b" \t").lower() for token in value.split(b","))


def without(lines: Iterable[bytes], names: frozenset[bytes]) -> list[bytes]:
    """``lines`` but those of the named fields."""
    return [entry for entry in lines if entry.partition(b":")[0].lower() not in names]


def without_alike(lines: Iterable[bytes], names: frozenset[bytes]) -> list[bytes]:
    """The same for lines of requests, of which some pods take "_" in a name for "-". ``names`` are
    as :func:`alike` makes them."""
    return [entry for entry in lines if _dashed(entry.partition(b":")[0].lower()) not in names]


def alike(names: Iterable[bytes]) -> frozenset[bytes]:
    """Names in lower case and with dashes, as such pods know them."""
    return frozenset(_dashed(name.lower()) for name in names)


def _dashed(name: bytes) -> bytes:
    return name.replace(b"_", b"-")


def cookie(lines: Iterable[bytes], name: bytes) -> bytes | None:
    """The value of cookie ``name`` among request field lines (RFC 6265 section 5.4), or None."""
    wanted = name + b"="
    for entry in lines:
        if entry[:7].lower() == b"cookie:":
            for pair in entry[7:-2].split(b";"):
                pair = pair.strip(b" \t")
                if pair.startswith(wanted):
                    return pair[len(wanted) :].strip(b'"')
    return None


def sent_cookie(raw: RawHeaders, name: bytes) -> bytes | None:
    """The same of a request as it came, whatever its lines have become since."""
    fields = (line(b"Cookie", value) for key, value in raw if key.lower() == b"cookie")
    return cookie(fields, name)
