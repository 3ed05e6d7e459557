"""Which header fields travel, which stop here, and which we write ourselves.

Names are compared in lower case as bytes; values travel byte for byte (RFC 9110 section 5.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

RawHeaders = Sequence[tuple[bytes, bytes]]

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

RESPONSE_MANAGED = HOP_BY_HOP | {b"content-length"}
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
    raw: RawHeaders, managed: frozenset[bytes] = REQUEST_MANAGED
) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Field lines that may travel, and the managed fields by lower-case name.

    Repeated managed fields are joined with commas, as RFC 9110 section 5.3 allows. Names with an
    underscore are dropped: CGI-like servers cannot tell them from the same name with a dash.
    """
    lines: list[bytes] = []
    fields: dict[bytes, bytes] = {}
    for name, value in raw:
        lowered = name.lower()
        if lowered in managed:
            known = fields.get(lowered)
            fields[lowered] = value if known is None else known + b", " + value
        elif b"_" not in name:
            lines.append(b"%b: %b\r\n" % (name, value))
    connection = fields.get(b"connection")
    if connection is not None and connection.lower() not in PLAIN_TOKENS:
        lines = without(lines, connection_tokens(connection) - PLAIN_TOKENS)
    return lines, fields


PLAIN_TOKENS = frozenset({b"close", b"keep-alive", b"upgrade"})


def connection_tokens(value: bytes) -> frozenset[bytes]:
    """The lower-case tokens of a comma-separated field, such as ``Connection``."""
    return frozenset(token.strip(b" \t").lower() for token in value.split(b","))


def without(lines: Iterable[bytes], names: frozenset[bytes]) -> list[bytes]:
    """``lines`` but those of the named fields."""
    return [entry for entry in lines if entry.partition(b":")[0].lower() not in names]


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
