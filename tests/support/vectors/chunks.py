"""The chunked coding: sizes, extensions, line ends, trailers (RFC 9112 section 7.1)."""

from __future__ import annotations

from support.vectors.model import SMUGGLED, chunked, either, passed, post, refused

DATA = b"hello\r\n"
END = b"0\r\n\r\n"


def size(text: bytes) -> bytes:
    """A body whose first chunk has its size spelled so."""
    return chunked(text + b"\r\n" + DATA + END)


def after(rest: bytes) -> bytes:
    """A body of one good chunk and what follows it."""
    return chunked(b"5\r\n" + DATA + rest)


SIZES = (
    passed("size with leading zeros", chunked(b"0005\r\n" + DATA + b"000\r\n\r\n"), body=b"hello"),
    passed("size in capitals", chunked(b"A\r\n0123456789\r\n" + END), body=b"0123456789"),
    passed("size in small letters", chunked(b"a\r\n0123456789\r\n" + END), body=b"0123456789"),
    passed("no chunk but the last", chunked(END), body=b""),
    passed("two chunks", after(b"5\r\n" + DATA + END), body=b"hellohello"),
    refused("size with plus", size(b"+5")),
    refused("size below 0", size(b"-5")),
    refused("size with an underscore", size(b"0_5")),
    refused("size with a prefix", size(b"0x5")),
    refused("size and letters", size(b"5zz")),
    refused("size with a fraction", size(b"5.0")),
    refused("size in quotes", size(b'"5"')),
    refused("size missing", size(b"")),
    refused("size is an extension only", size(b";x")),
    refused("size behind a space", size(b" 5")),
    refused("size behind a tab", size(b"\t5")),
    refused("size before a space", size(b"5 ")),
    refused("size before a tab", size(b"5\t")),
    refused("size before a vertical tab", size(b"5\x0b")),
    refused("size in two words", size(b"5 5")),
    refused("size with a nul", size(b"5\x00")),
    refused("size in fullwidth digits", size(b"\xef\xbc\x95")),
    refused("size of 16 f", size(b"f" * 16), 400, 413),
    refused("size of 17 digits", size(b"1" + b"0" * 15 + b"5")),
    refused("size of 2 to the 64th and 5", size(b"10000000000000005")),
    refused("size of 2 to the 63rd", size(b"8000000000000000"), 400, 413),
    either("size of 1,000 zeros", size(b"0" * 1000 + b"5"), body=b"hello"),
    refused("size of 100,000 zeros", size(b"0" * 100_000 + b"5")),
    refused("last chunk has a sign", after(b"-0\r\n\r\n")),
)

DATA_ENDS = (
    refused("data without its end", chunked(b"5\r\nhelloXX" + END)),
    refused("data longer than its size", chunked(b"5\r\nhelloworld\r\n" + END)),
    refused("data shorter than its size", chunked(b"7\r\nhello\r\n" + END)),
    refused("data ends with lf", chunked(b"5\r\nhello\n" + END)),
    refused("data ends with cr", chunked(b"5\r\nhello\r" + END)),
    refused("data ends with lf cr", chunked(b"5\r\nhello\n\r" + END)),
    refused("an empty line between chunks", after(b"\r\n" + END)),
    refused("size line ends with lf", chunked(b"5\n" + DATA + END)),
    refused("size line ends with cr", chunked(b"5\r" + DATA + END)),
    refused("last chunk ends with lf", after(b"0\n\n")),
    refused("last line ends with lf", after(b"0\r\n\n")),
    refused("last line ends with cr", after(b"0\r\n\rX")),
    refused("second size is bad", after(b"ZZ\r\n" + SMUGGLED)),
    refused("cut within a chunk", chunked(b"5\r\nhel"), 400, 408, ends=True),
    refused("cut before a chunk", chunked(b""), 400, 408, ends=True),
    refused("cut within a size", chunked(b"5"), 400, 408, ends=True),
    refused("cut before the last chunk", after(b""), 400, 408, ends=True),
    refused("cut within the last chunk", after(b"0\r\n"), 400, 408, ends=True),
    refused("cut within a trailer", after(b"0\r\nX-A: 1\r\n"), 400, 408, ends=True),
    refused(
        "cut behind a large chunk",
        chunked(b"20000\r\n" + b"x" * 0x20000 + b"\r\n"),
        400,
        408,
        ends=True,
    ),
    refused(
        "bad behind a large chunk",
        chunked(b"20000\r\n" + b"x" * 0x20000 + b"\r\nZZ\r\n" + SMUGGLED),
    ),
)

EXTENSIONS = (
    either("extension", size(b"5;x"), body=b"hello"),
    either("extension with a value", size(b"5;x=y"), body=b"hello"),
    either("extension in quotes", size(b'5;x="y;z"'), body=b"hello"),
    either("extension of the last chunk", after(b"0;x=y\r\n\r\n"), body=b"hello"),
    refused("extension behind two cr", size(b"5\r\r;ABCD")),
    refused("extension with a cr", size(b"5;a\rb")),
    refused("extension with a lf", size(b"5;a\nb")),
    refused("extension ends with lf", chunked(b"5;x\n" + DATA + END)),
    refused("extension with a nul", size(b"5;\x00x")),
    refused("extension with a control", size(b"5;\x01x")),
    refused("extension of 100,000 bytes", size(b"5;" + b"x" * 100_000), 400, 413, 431),
    refused(
        "extensions of 100,000 bytes in all",
        chunked(b"1;%b\r\nx\r\n" % (b"y" * 500) * 200 + END),
        400,
        413,
        431,
    ),
    either("a chunk for each byte", chunked(b"1\r\nx\r\n" * 2000 + END), body=b"x" * 2000),
)

TRAILERS = (
    either("trailer", after(b"0\r\nX-A: 1\r\n\r\n"), body=b"hello", hasnt=(b"x-a",)),
    either(
        "trailers that frame and route",
        after(
            b"0\r\nContent-Length: 99\r\nTransfer-Encoding: x\r\nHost: evil\r\n"
            b"Authorization: x\r\n\r\n"
        ),
        body=b"hello",
        hasnt=(b"authorization", b"content-length: 99"),
    ),
    either(
        "trailers about the client",
        after(b"0\r\nX-Forwarded-For: 1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n\r\n"),
        body=b"hello",
        hasnt=(b"x-forwarded-for: 1.2.3.4", b"x-real-ip: 1.2.3.4"),
    ),
    refused("trailer without a colon", after(b"0\r\nGET /evil HTTP/1.1\r\n\r\n")),
    refused("trailer, a space before the colon", after(b"0\r\nX-A : 1\r\n\r\n")),
    refused("trailer without a name", after(b"0\r\n: 1\r\n\r\n")),
    refused("trailer folded", after(b"0\r\nX-A: 1\r\n 2\r\n\r\n")),
    refused("trailer with a nul", after(b"0\r\nX-A: \x00\r\n\r\n")),
    refused("trailer with a cr", after(b"0\r\nX-A: a\rb\r\n\r\n")),
    refused("trailer ends with lf", after(b"0\r\nX-A: 1\n\r\n")),
    refused(
        "2000 trailers",
        after(b"0\r\n%b\r\n" % b"".join(b"X-%d: 1\r\n" % n for n in range(2000))),
        400,
        431,
    ),
    refused("trailer of 70,000 bytes", after(b"0\r\nX-A: %b\r\n\r\n" % (b"a" * 70_000)), 400, 431),
    refused(
        "trailers of 100,000 bytes",
        after(b"0\r\n%b\r\n" % b"".join(b"X-%d: %b\r\n" % (n, b"a" * 1000) for n in range(100))),
        400,
        431,
    ),
    passed(
        "trailer announced",
        post(b"Transfer-Encoding: chunked", b"Trailer: X-A", body=b"5\r\n" + DATA + END),
        body=b"hello",
        hasnt=(b"trailer",),
    ),
)
