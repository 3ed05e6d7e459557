"""How much a client may send (RFC 9110 section 15.5, RFC 6585 section 5)."""

from __future__ import annotations

from support.vectors.model import get, passed, post, refused


def fields(count: int, size: int = 1) -> list[bytes]:
    return [b"X-%d: %b" % (number, b"a" * size) for number in range(count)]


SIZES = (
    passed("target of 8,000 bytes", get(target=b"/" + b"a" * 8000)),
    refused("target of 20,000 bytes", get(target=b"/" + b"a" * 20_000), 414),
    refused("target of 200,000 bytes", get(target=b"/" + b"a" * 200_000), 414),
    refused("query of 20,000 bytes", get(target=b"/?" + b"a" * 20_000), 414),
    refused("url of 20,000 bytes", get(target=b"http://a.test/" + b"a" * 20_000), 414),
    passed("field of 7,000 bytes", get(b"Cookie: " + b"a" * 7000)),
    passed("field of 16,000 bytes", get(b"Cookie: " + b"a" * 16_000)),
    refused("field of 40,000 bytes", get(b"X-A: " + b"a" * 40_000), 431),
    refused("field of 70,000 bytes", get(b"X-A: " + b"a" * 70_000), 431),
    refused("name of 40,000 bytes", get(b"A" * 40_000 + b": v"), 431),
    refused("host of 40,000 bytes", get().replace(b"a.test", b"a" * 40_000), 400, 431),
    passed("100 fields", get(*fields(100))),
    refused("200 fields", get(*fields(200)), 431),
    refused("5,000 fields", get(*fields(5000)), 431),
    passed("fields of 60,000 bytes", get(*fields(60, 990))),
    refused("fields of 70,000 bytes", get(*fields(70, 1000)), 431),
    refused("fields of 100,000 bytes", get(*fields(100, 1000)), 431),
    refused("fields of 200,000 bytes", get(*fields(100, 2000)), 431),
    refused(
        "fields of 100,000 bytes before a body",
        post(*fields(100, 1000), b"Content-Length: 5"),
        431,
    ),
    refused(
        "fields of 100,000 bytes behind another request",
        get() + get(*fields(100, 1000)),
        431,
        count=1,
    ),
)
