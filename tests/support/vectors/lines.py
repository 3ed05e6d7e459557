"""Request lines: methods, targets, versions (RFC 9112 section 3), and paths as they travel."""

from __future__ import annotations

from support.vectors.model import HOST, either, get, head, passed, refused


def line(text: bytes) -> bytes:
    """A request with this line and Host."""
    return head(text, HOST)


def to(target: bytes) -> bytes:
    return get(target=target)


METHODS = (
    *(
        passed(f"method {name.decode()}", line(name + b" /x HTTP/1.1"), line=name + b" /x HTTP/1.1")
        for name in (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
    ),
    refused("method is no token", line(b'G=":<>(e),[T];?" /x HTTP/1.1'), 400, 405, 501),
    refused("method with a nul", line(b"GE\x00T /x HTTP/1.1"), 400, 405, 501),
    refused("method in small letters", line(b"get /x HTTP/1.1"), 400, 405, 501),
    refused("method beyond ascii", line(b"G\xc9T /x HTTP/1.1"), 400, 405, 501),
    refused("method missing", line(b" /x HTTP/1.1"), 400, 405, 501),
    either(
        "method unknown", line(b"SLUDGE /x HTTP/1.1"), 400, 405, 501, line=b"SLUDGE /x HTTP/1.1"
    ),
    either("method of 8,000 letters", line(b"A" * 8000 + b" /x HTTP/1.1"), 400, 405, 414, 501),
    refused("connect", head(b"CONNECT a.test:443 HTTP/1.1", HOST), 400, 404, 405, 501),
    refused("connect to a path", line(b"CONNECT /x HTTP/1.1"), 400, 404, 405, 501),
    refused("connect to a url", line(b"CONNECT http://a.test/ HTTP/1.1"), 400, 404, 405, 501),
    either("trace", line(b"TRACE /x HTTP/1.1"), 405, 501),
)

VERSIONS = (
    passed("version 1.0", line(b"GET /x HTTP/1.0"), line=b"GET /x HTTP/1.1", closes=True),
    refused("version 2.0", line(b"GET /x HTTP/2.0"), 400, 505),
    refused("version 2", line(b"GET /x HTTP/2"), 400, 505),
    refused("version 3.0", line(b"GET /x HTTP/3.0"), 400, 505),
    refused("version 0.9", line(b"GET /x HTTP/0.9"), 400, 505),
    refused("version 1.2", line(b"GET /x HTTP/1.2"), 400, 505),
    refused("version 1.10", line(b"GET /x HTTP/1.10"), 400, 505),
    refused("version 01.1", line(b"GET /x HTTP/01.1"), 400, 505),
    refused("version 1", line(b"GET /x HTTP/1"), 400, 505),
    refused("version 1.", line(b"GET /x HTTP/1."), 400, 505),
    refused("version and letters", line(b"GET /x HTTP/1.1x"), 400, 505),
    refused("version and a space", line(b"GET /x HTTP/1.1 ")),
    refused("version and a word", line(b"GET /x HTTP/1.1 HTTP/1.1"), 400, 505),
    refused("version in small letters", line(b"GET /x http/1.1"), 400, 505),
    refused("version of another protocol", line(b"GET /x ICE/1.1"), 400, 505),
    refused("version of ice", line(b"SOURCE /x ICE/1.0"), 400, 505),
    refused("version of rtsp", line(b"GET /x RTSP/1.1"), 400, 505),
    refused("version of rtsp, two spaces before", line(b"GET /x  RTSP/1.0"), 400, 505),
    refused("version of rtsp, its method", line(b"SETUP /x RTSP/1.0"), 400, 505),
    refused("version of rtsp beyond ascii", line(b"GET /x\xff RTSP/1.1"), 400, 505),
    passed("rtsp in a target and a value", get(b"A: /x RTSP/1.1", target=b"/RTSP/1.1")),
    refused("version missing", line(b"GET /x"), 400, 505),
    refused("version missing, a space there", line(b"GET /x "), 400, 505),
    refused("http 0.9", b"GET /x\r\n\r\n", 400, 505),
    refused("the preface of http 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, 404, 405, 501, 505),
    refused(
        "tls", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(32)) + b"\r\n\r\n"
    ),
)

SPACES = (
    passed("an empty line before", b"\r\n" + get()),
    refused("two empty lines before", b"\r\n" * 2 + get()),
    refused("100,000 empty lines before", b"\r\n" * 100_000 + get(), 400, 431),
    refused("a bare CR before", b"\r" + get()),
    refused("a bare LF before", b"\n" + get()),
    refused("an empty line and a bare CR before", b"\r\n\r" + get()),
    refused("a bare CR and an empty line before", b"\r\r\n" + get()),
    refused("eight bare CR before", b"\r" * 8 + get(target=b"/HTTP/1.")),
    either("two spaces", line(b"GET  /x HTTP/1.1"), line=b"GET /x HTTP/1.1"),
    either("two spaces before the version", line(b"GET /x  HTTP/1.1"), line=b"GET /x HTTP/1.1"),
    refused("a space before the line", line(b" GET /x HTTP/1.1")),
    refused("a tab before the line", line(b"\tGET /x HTTP/1.1")),
    refused("tabs between", line(b"GET\t/x\tHTTP/1.1")),
    refused("a tab behind the method", line(b"GET\t/x HTTP/1.1")),
    refused("form feeds between", line(b"GET\x0c/x\x0cHTTP/1.1")),
    refused("a word too many", line(b"GET /x y HTTP/1.1")),
    refused("a byte order mark before", b"\xef\xbb\xbf" + get()),
)

FORMS = (
    passed(
        "absolute form", to(b"http://a.test/x"), line=b"GET /x HTTP/1.1", has=(b"host: a.test",)
    ),
    passed("absolute form with a port", to(b"http://a.test:80/x?y"), line=b"GET /x?y HTTP/1.1"),
    passed("absolute form in capitals", to(b"HTTP://A.TEST/x"), line=b"GET /x HTTP/1.1"),
    passed("absolute form without a path", to(b"http://a.test"), line=b"GET / HTTP/1.1"),
    passed("absolute form with a query only", to(b"http://a.test?y"), line=b"GET /?y HTTP/1.1"),
    either(
        "absolute form of another host",
        head(b"GET http://a.test/x HTTP/1.1", b"Host: evil.test"),
        line=b"GET /x HTTP/1.1",
        has=(b"host: a.test", b"x-forwarded-host: a.test"),
    ),
    refused("absolute form without Host", head(b"GET http://a.test/x HTTP/1.1")),
    refused("absolute form with a user", to(b"http://user@a.test/x")),
    refused("absolute form without a host", to(b"http:///x")),
    refused("absolute form with one slash", to(b"http:/a.test/x")),
    refused("absolute form with a bad port", to(b"http://a.test:x/x")),
    refused("absolute form with a backslash", to(b"http://a.test\\evil/x")),
    refused("absolute form of ftp", to(b"ftp://a.test/x"), 400, 404, 421, 501),
    refused("absolute form of a script", to(b"javascript:alert(1)"), 400, 404, 421, 501),
    refused("absolute form of a file", to(b"file:///etc/passwd"), 400, 404, 421, 501),
    refused("absolute form with a fragment", to(b"http://a.test/x#y")),
    refused("a fragment", to(b"/x#/../evil")),
    refused("a fragment in a query", to(b"/x?y#z")),
    refused("no slash", to(b"x")),
    refused("a query only", to(b"?x")),
    refused("an authority", to(b"a.test:80")),
    refused("asterisk", to(b"*"), 400, 404),
    refused("asterisk and a path", line(b"OPTIONS */x HTTP/1.1"), 400, 404),
    either("options asterisk", line(b"OPTIONS * HTTP/1.1"), 200, 204, 400, 404, 405),
    refused("nul in the target", to(b"/x\x00y")),
    refused("control in the target", to(b"/x\x01y")),
    refused("delete in the target", to(b"/x\x7fy")),
    either("bytes beyond ascii in the target", to(b"/caf\xe9"), line=b"GET /caf\xe9 HTTP/1.1"),
)

PATHS = (
    *(
        passed(f"path {target.decode()}", to(target), line=b"GET %b HTTP/1.1" % target)
        for target in (
            b"/a%2fb",
            b"/a%2Fb",
            b"/%7Eb",
            b"/a;p=1/b",
            b"/x?",
            b"/x?a=%0d%0aSet-Cookie:%20b",
            b"/x?a=b&a=c&&",
            b"/x?/../y",
            b"/x?http://evil/",
            b"/a/./b",
            b"/a/../b",
            b"/%41",
        )
    ),
    *(
        either(f"path {target.decode()}", to(target), line=b"GET %b HTTP/1.1" % target)
        for target in (
            b"/a//b",
            b"/a%2",
            b"/a%zz",
            b"/a%",
            b"/a\\b",
            b"/a[1]|{}^`?b[]=1",
            b'/a"b',
            b"/a<b>",
            b"//evil.test/x",
            b"/a%00b",
            b"/a%0d%0aX:b",
            b"/..%2f..%2fetc",
        )
    ),
    either("path above the root", to(b"/../../etc/passwd")),
    either("path above the root, encoded", to(b"/%2e%2e/%2e%2e/etc/passwd")),
)
