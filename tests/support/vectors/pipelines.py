"""Requests behind requests, Upgrade and Expect."""

from __future__ import annotations

from support.vectors.model import (
    CHUNKED,
    HELLO,
    SMUGGLED,
    either,
    get,
    head,
    passed,
    post,
    refused,
)

ASK = (b"Connection: Upgrade", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")
WEBSOCKET = (b"Upgrade: websocket", *ASK, b"Sec-WebSocket-Version: 13")
FIVE = b"Content-Length: 5"
EXPECT = b"Expect: 100-continue"

PIPELINES = (
    passed("two gets", get(target=b"/1") + get(target=b"/2"), count=2),
    passed(
        "100 gets",
        b"".join(get(target=b"/%d" % n) for n in range(100)),
        count=100,
        line=b"GET /99 HTTP/1.1",
    ),
    passed("head, then get", get().replace(b"GET", b"HEAD") + get(target=b"/y"), count=2),
    passed("post, then get", post(FIVE) + get(target=b"/y"), count=2, line=b"GET /y HTTP/1.1"),
    passed(
        "a request within a body",
        post(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        body=SMUGGLED,
    ),
    passed(
        "a request within a chunk",
        post(CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
        body=SMUGGLED,
    ),
    refused("get, then garbage", get() + b"GARBAGE\r\n\r\n", count=1),
    refused("post with a length of 0, then its body", post(b"Content-Length: 0"), count=1),
    refused("post, then more than its length", post(FIVE, body=b"helloworld\r\n\r\n"), count=1),
    either(
        "close, then more",
        get(b"Connection: close") + SMUGGLED,
        line=b"GET /x HTTP/1.1",
        closes=True,
    ),
    either(
        "http 1.0 that closes and keeps alive, then more",
        get(b"Connection: close, keep-alive").replace(b"1.1", b"1.0") + SMUGGLED,
        line=b"GET /x HTTP/1.1",
        closes=True,
    ),
    passed("get, then an empty line", get() + b"\r\n"),
    passed("get, an empty line, then get", get() + b"\r\n" + get(), count=2),
    passed("post, an empty line, then get", post(FIVE) + b"\r\n" + get(), count=2),
    refused("get, a bare CR, then get", get() + b"\r" + get(), count=1),
    refused("get, a bare LF, then get", get() + b"\n" + get(), count=1),
    refused("get, two empty lines, then get", get() + b"\r\n\r\n" + get(), count=1),
    refused("post, a bare CR, then get", post(FIVE) + b"\r" + get(), count=1),
    refused("post, an empty line, a bare CR, then get", post(FIVE) + b"\r\n\r" + get(), count=1),
    passed(
        "a body that ends with a CR, then get",
        post(FIVE, body=b"hell\r") + get(),
        count=2,
    ),
    refused(
        "100 gets, a bare CR, then get",
        get() * 100 + b"\r" + get(),
        count=100,
    ),
    refused("get, then rtsp", get() + b"GET /evil RTSP/1.1\r\nHost: a.test\r\n\r\n", count=1),
    either(
        "http 1.0, then more",
        get().replace(b"1.1", b"1.0") + SMUGGLED,
        line=b"GET /x HTTP/1.1",
        closes=True,
    ),
    refused("bad, then more", get(b"X A: v") + SMUGGLED),
    refused("bad host, then more", head(b"GET / HTTP/1.1", b"Host: a b") + SMUGGLED),
    refused("unknown version, then more", get().replace(b"1.1", b"2.0") + SMUGGLED, 400, 505),
    refused("bad length, then more", post(b"Content-Length: 5x") + SMUGGLED),
    refused("unknown coding, then more", post(b"Transfer-Encoding: gzip") + SMUGGLED, 400, 501),
    refused("oversize, then more", get(target=b"/" + b"a" * 20_000) + SMUGGLED, 414),
    refused("100 gets, then rtsp", get() * 100 + get().replace(b"HTTP", b"RTSP"), count=100),
    refused("get, then a fragment", get() + get(target=b"/#") + SMUGGLED, count=1),
    refused("get, then both framings", get() + post(FIVE, CHUNKED, body=HELLO), count=1),
    refused("half a head", b"GET /x HTTP/1.1\r\nHost: a.t", 400, 408, ends=True),
    refused("half a request line", b"GET /x", 400, 408, ends=True),
    refused("a head without its end", get()[:-2], 400, 408, ends=True),
    passed("a client that ends behind its request", get(), ends=True),
)

UPGRADES = (
    passed(
        "websocket",
        get(*WEBSOCKET),
        has=(b"upgrade: websocket", b"connection: Upgrade"),
        closes=True,
    ),
    passed(
        "websocket in capitals",
        get(b"Upgrade: WebSocket", *ASK),
        has=(b"connection: Upgrade",),
        closes=True,
    ),
    passed(
        "upgrade that connection does not name", get(b"Upgrade: websocket"), hasnt=(b"upgrade",)
    ),
    passed(
        "upgrade within another token",
        get(b"Upgrade: websocket", b"Connection: notupgrade"),
        hasnt=(b"upgrade",),
    ),
    passed(
        "connection without upgrade", get(b"Connection: Upgrade"), hasnt=(b"connection: upgrade",)
    ),
    either(
        "websocket of another version",
        get(b"Upgrade: websocket", *ASK, b"Sec-WebSocket-Version: 777"),
        400,
        426,
        closes=True,
    ),
    either(
        "upgrade to foo, then more",
        get(b"Connection: Upgrade", b"Upgrade: foo") + SMUGGLED,
        count=2,
        hasnt=(b"upgrade",),
        has=(b"x-forwarded-for: 127.0.0.1",),
    ),
    either(
        "h2c, then more",
        get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AA")
        + SMUGGLED,
        count=2,
        hasnt=(b"upgrade", b"http2-settings"),
    ),
    passed(
        "upgrade to foo",
        get(b"Connection: Upgrade", b"Upgrade: foo"),
        hasnt=(b"upgrade", b"connection: Upgrade"),
    ),
    passed("upgrade to tls", get(b"Connection: Upgrade", b"Upgrade: TLS/1.2"), hasnt=(b"upgrade",)),
    passed(
        "upgrade to several",
        get(b"Connection: Upgrade", b"Upgrade: h2c, websocket"),
        hasnt=(b"upgrade",),
    ),
    passed(
        "websocket by post",
        post(*WEBSOCKET, b"Content-Length: 0", body=b""),
        hasnt=(b"upgrade",),
        closes=True,
    ),
    passed(
        "websocket with a body",
        get(*WEBSOCKET, FIVE) + b"hello",
        body=b"hello",
        hasnt=(b"upgrade",),
        closes=True,
    ),
    passed(
        "websocket of http 1.0",
        get(*WEBSOCKET).replace(b"1.1", b"1.0", 1),
        hasnt=(b"upgrade",),
        closes=True,
    ),
)

EXPECTATIONS = (
    passed("expect without a body", get(EXPECT), hasnt=(b"expect",)),
    passed(
        "expect in http 1.0",
        post(FIVE, EXPECT, version=b"HTTP/1.0"),
        body=b"hello",
        hasnt=(b"expect",),
        closes=True,
    ),
    passed("expect with the body at once", post(FIVE, EXPECT), body=b"hello", hasnt=(b"expect",)),
    refused("expect what nobody knows", post(FIVE, b"Expect: tea"), 417),
    refused("expect two things", post(FIVE, EXPECT, b"Expect: tea"), 400, 417),
)
