"""Field lines: syntax, line ends, Host, and those that stop at a proxy (RFC 9110, 9112)."""

from __future__ import annotations

from support.vectors.model import HOST, SMUGGLED, either, get, head, passed, refused

GET = b"GET /x HTTP/1.1"


def host(value: bytes) -> bytes:
    """A GET whose Host field is spelled so."""
    return head(GET, b"Host:" + value)


SYNTAX = (
    passed(
        "white space around values",
        get(b"X-A:   v  ").replace(b"Host: ", b"Host:\t "),
        has=(b"x-a: v",),
    ),
    passed("value empty", get(b"X-A:"), has=(b"x-a: ",)),
    passed("no white space", get(b"X-A:v"), has=(b"x-a: v",)),
    passed("value with tabs", get(b"X-A: a\tb"), has=(b"x-a: a\tb",)),
    passed("value beyond ascii", get(b"X-A: caf\xe9 \xff"), has=(b"x-a: caf\xe9 \xff",)),
    passed("value with colons", get(b"X-A: b: c"), has=(b"x-a: b: c",)),
    passed(
        "name of every token character",
        get(b"!#$%&'*+-.^`|~09azAZ: v"),
        has=(b"!#$%&'*+-.^`|~09azaz: v",),
    ),
    passed("field repeated", get(b"X-A: 1", b"x-a: 2"), has=(b"x-a: 1", b"x-a: 2")),
    passed("name with an underscore", get(b"X_A: 1", b"X-A: 2"), has=(b"x-a: 2",), hasnt=(b"x_a",)),
    refused("name empty", get(b": v")),
    refused("name with a space", get(b"X A: v")),
    refused("name beyond ascii", get(b"X\xefA: v")),
    refused("name with a delimiter", get(b"X(A): v")),
    refused("name with a slash", get(b"X/A: v")),
    refused("name with a nul", get(b"X\x00A: v")),
    refused("name with a tab", get(b"X\tA: v")),
    refused("name in quotes", get(b'"X-A": v')),
    refused("space before the colon", get(b"X-A : v")),
    refused("tab before the colon", get(b"X-A\t: v")),
    refused("no colon", get(b"X-A v")),
    refused("no colon, one word", get(b"evil")),
    refused("control in a value", get(b"X-A: a\x01b")),
    refused("escape in a value", get(b"X-A: \x1b[2J")),
    refused("delete in a value", get(b"X-A: a\x7fb")),
    refused("vertical tab in a value", get(b"X-A: a\x0bb")),
    refused("nul in a value", get(b"X-A: a\x00b")),
    refused("nul alone", get(b"X: \x00")),
    refused("first field begins with a tab", head(GET, b"\tContent-Length: 1", HOST) + b"X"),
    refused("first field begins with a space", head(GET, b" X-A: v", HOST)),
    refused("value folded", get(b"X-A: a", b" b")),
    refused("value folded with a tab", get(b"X-A: a", b"\tb")),
    refused("fold of nothing", get(b"X-A: a", b" ")),
    refused("cookie folded", get(b"Cookie: a=1;", b" b=2")),
)

LINE_ENDS = (
    either("every line ends with lf", b"GET /x HTTP/1.1\nHost: a.test\n\n"),
    either("a field ends with lf", b"GET /x HTTP/1.1\r\nHost: a.test\nX-A: v\r\n\r\n"),
    either("the head ends with lf", b"GET /x HTTP/1.1\r\nHost: a.test\r\n\n"),
    either("the request line ends with lf", b"GET /x HTTP/1.1\nHost: a.test\r\n\r\n"),
    refused("cr hides a coding", get(b"X-A: b\rTransfer-Encoding: chunked")),
    refused("cr hides a length", get(b"X-A: b\rContent-Length: 5") + b"hello"),
    refused("cr within a value", get(b"X-A: b\rc")),
    refused("cr before the line's end", get(b"X-A: b\r")),
    refused("cr within a name", get(b"X\rA: b")),
    refused("cr behind the head", get()[:-2] + b"\rZ" + SMUGGLED),
    refused("every line ends with cr", b"GET /x HTTP/1.1\rHost: a.test\r\r"),
    refused("a line ends with lf cr", b"GET /x HTTP/1.1\n\rHost: a.test\n\r\n\r"),
    refused("lf in the request line", head(b"GET /x\nHTTP/1.1", HOST)),
    refused("cr in the request line", head(b"GET /x\rHTTP/1.1", HOST)),
    refused("cr in the target", head(b"GET /x\ry HTTP/1.1", HOST)),
)

HOSTS = (
    passed("host", host(b" a.test"), has=(b"host: a.test",)),
    passed("host in capitals", host(b" A.TEST")),
    passed("host with the port", host(b" a.test:80")),
    passed("host with another port", host(b" a.test:8080")),
    passed("host with the root's dot", host(b" a.test.")),
    refused("host missing", head(GET)),
    refused("host twice", get(HOST)),
    refused("two hosts", get(b"Host: evil.test")),
    refused("two hosts, by case", get(b"HOST: evil.test")),
    refused("host, then an empty one", get(b"Host:")),
    refused("host empty", host(b""), 400, 404),
    refused("hosts in a list", host(b" a.test, evil.test"), 400, 404),
    refused("host with a path", host(b" a.test/evil"), 400, 404),
    refused("host with a user", host(b" a.test@evil.test"), 400, 404),
    refused("host behind a user", host(b" evil@a.test"), 400, 404),
    refused("host with a space", host(b" a.test evil.test"), 400, 404),
    refused("host with a tab", host(b" a.test\tevil"), 400, 404),
    refused("host with a fragment", host(b" a.test#x"), 400, 404),
    refused("host with a query", host(b" a.test?x"), 400, 404),
    refused("host with a backslash", host(b" a.test\\evil"), 400, 404),
    refused("host with a percent", host(b" a%2etest"), 400, 404),
    refused("host with a nul", host(b" a.test\x00")),
    refused("host beyond ascii", host(b" a.t\xc3\xa9st"), 400, 404),
    refused("host in quotes", host(b' "a.test"'), 400, 404),
    refused("host with a scheme", host(b" http://a.test"), 400, 404),
    refused("host with a port in words", host(b" a.test:abc"), 400, 404),
    refused("host with a port and a sign", host(b" a.test:+80"), 400, 404),
    refused("host with a port too large", host(b" a.test:65536"), 400, 404),
    refused("host with two ports", host(b" a.test:80:80"), 400, 404),
    refused("host of a port only", host(b" :80"), 400, 404),
    refused("host of dots", host(b" a..test"), 400, 404),
    refused("host of 300 letters", host(b" " + b"a" * 300 + b".test"), 400, 404),
    refused("host with a bracket", host(b" [::1"), 400, 404),
    refused("space before host's colon", head(GET, b"Host : a.test")),
    refused("host folded", head(GET, b"Host:", b" a.test")),
    refused("host folded behind its value", head(GET, HOST, b" evil")),
    passed(
        "x-host and x-forwarded-host route nothing",
        get(b"X-Forwarded-Host: evil.test", b"X-Host: evil.test"),
        has=(b"host: a.test", b"x-forwarded-host: a.test"),
        hasnt=(b"x-forwarded-host: evil.test",),
    ),
)

HOP_BY_HOP = (
    either("connection names host", get(b"Connection: Host"), has=(b"host: a.test",)),
    passed(
        "connection names what we write",
        get(b"Connection: X-Forwarded-For, X-Forwarded-Proto, X-Real-IP, X-Request-ID"),
        has=(b"x-forwarded-for", b"x-forwarded-proto", b"x-real-ip", b"x-request-id"),
    ),
    passed(
        "connection names a cookie",
        get(b"Connection: close, Cookie", b"Cookie: a=1"),
        hasnt=(b"cookie",),
        closes=True,
    ),
    passed(
        "connection names fields by any case and place",
        get(b"x-a: 1", b"CONNECTION: keep-alive,\tX-A ,x-B", b"X-b: 2", b"X-C: 3"),
        has=(b"x-c: 3",),
        hasnt=(b"x-a", b"x-b", b"connection"),
    ),
    passed(
        "connection twice",
        get(b"Connection: X-A", b"Connection: X-B", b"X-A: 1", b"X-B: 2"),
        hasnt=(b"x-a", b"x-b"),
    ),
    passed(
        "connection names the length",
        get(b"Connection: Content-Length", b"Content-Length: 5") + b"hello",
        body=b"hello",
    ),
    passed(
        "fields for one hop",
        get(
            b"Keep-Alive: timeout=5",
            b"Proxy-Connection: keep-alive",
            b"Proxy-Authorization: Basic eA==",
            b"Proxy-Authenticate: x",
            b"Trailer: X",
            b"TE: trailers",
        ),
        hasnt=(
            b"keep-alive",
            b"proxy-connection",
            b"proxy-authorization",
            b"proxy-authenticate",
            b"trailer",
            b"te",
        ),
    ),
    passed(
        "h2c",
        get(
            b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABkAAQ"
        ),
        hasnt=(b"upgrade", b"http2-settings", b"connection: upgrade"),
    ),
    passed("proxy", get(b"Proxy: http://evil/"), hasnt=(b"proxy",)),
    passed("proxy in capitals", get(b"PROXY: http://evil/"), hasnt=(b"proxy",)),
    passed(
        "options that may not go on",
        head(b"OPTIONS /x HTTP/1.1", HOST, b"Max-Forwards: 1"),
        has=(b"max-forwards: 0",),
    ),
    passed(
        "max-forwards of a get is the pod's", get(b"Max-Forwards: 0"), has=(b"max-forwards: 0",)
    ),
    either(
        "options that end here",
        head(b"OPTIONS /x HTTP/1.1", HOST, b"Max-Forwards: 0"),
        200,
        204,
        400,
        405,
        count=0,
    ),
    either(
        "max-forwards below 0",
        head(b"OPTIONS /x HTTP/1.1", HOST, b"Max-Forwards: -1"),
        200,
        204,
        400,
        405,
        count=0,
    ),
)

SPOOFED = b"203.0.113.9"

FORWARDED = (
    passed(
        "the client's address is what we see",
        get(b"X-Forwarded-For: " + SPOOFED, b"X-Real-IP: " + SPOOFED, b"Forwarded: for=" + SPOOFED),
        has=(b"x-forwarded-for: 127.0.0.1", b"x-real-ip: 127.0.0.1"),
        hasnt=(b"forwarded", b"x-forwarded-for: " + SPOOFED, b"x-real-ip: " + SPOOFED),
    ),
    passed(
        "the scheme and port are ours",
        get(
            b"X-Forwarded-Proto: https",
            b"X-Forwarded-Port: 443",
            b"X-Scheme: https",
            b"X-Forwarded-Scheme: https",
        ),
        has=(b"x-forwarded-proto: http", b"x-forwarded-port: 80", b"x-scheme: http"),
        hasnt=(
            b"x-forwarded-proto: https",
            b"x-forwarded-port: 443",
            b"x-scheme: https",
            b"x-forwarded-scheme: https",
        ),
    ),
    passed(
        "with underscores",
        get(
            b"X_Forwarded_For: 1",
            b"X_Real_IP: 1",
            b"X-Forwarded_Proto: https",
            b"X_FORWARDED_HOST: x",
        ),
        hasnt=(b"x_forwarded_for", b"x_real_ip", b"x-forwarded_proto", b"x_forwarded_host"),
    ),
    passed(
        "several",
        get(b"X-Forwarded-For: 1.1.1.1", b"X-Forwarded-For: 2.2.2.2"),
        has=(b"x-forwarded-for: 127.0.0.1",),
        hasnt=(b"x-forwarded-for: 1.1.1.1", b"x-forwarded-for: 2.2.2.2"),
    ),
    passed(
        "the history the client claims",
        get(b"X-Original-Forwarded-For: 1.1.1.1"),
        hasnt=(b"x-original-forwarded-for",),
    ),
)
