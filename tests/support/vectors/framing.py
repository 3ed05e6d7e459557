"""Where a message ends: Content-Length and Transfer-Encoding (RFC 9112 section 6)."""

from __future__ import annotations

from support.vectors.model import CHUNKED, HELLO, SMUGGLED, either, passed, post, refused

FIVE = b"Content-Length: 5"
LAST = b"0\r\n\r\n"


def length(value: bytes, body: bytes = b"hello") -> bytes:
    """A POST whose Content-Length is spelled so."""
    return post(b"Content-Length:" + value, body=body)


def coding(value: bytes, body: bytes = HELLO) -> bytes:
    """A POST whose Transfer-Encoding is spelled so."""
    return post(b"Transfer-Encoding:" + value, body=body)


BOTH = (
    refused("cl-te", post(b"Content-Length: 6", CHUNKED, body=LAST + b"G")),
    refused("cl-te smuggles", post(b"Content-Length: 4", CHUNKED, body=LAST + SMUGGLED)),
    refused("te-cl", post(CHUNKED, b"Content-Length: 6", body=LAST + b"G")),
    refused(
        "te-cl smuggles", post(CHUNKED, b"Content-Length: 3", body=b"8\r\nSMUGGLED\r\n" + LAST)
    ),
    refused("cl that is right, and te", post(b"Content-Length: 15", CHUNKED, body=HELLO)),
    refused("cl 0 and te", post(b"Content-Length: 0", CHUNKED, body=HELLO)),
    refused("te and cl 0", post(CHUNKED, b"Content-Length: 0", body=HELLO)),
    refused("cl and te identity", post(FIVE, b"Transfer-Encoding: identity"), 400, 501),
    refused("cl and te unknown", post(FIVE, b"Transfer-Encoding: xchunked"), 400, 501),
    refused("cl and te empty", post(FIVE, b"Transfer-Encoding:"), 400, 501),
    refused("cl and te in capitals", post(FIVE, b"TRANSFER-ENCODING: CHUNKED", body=LAST)),
    refused(
        "cl and te, tab before the colon", post(FIVE, b"Transfer-Encoding\t: chunked", body=LAST)
    ),
    refused(
        "cl and te, space before the colon", post(FIVE, b"Transfer-Encoding : chunked", body=LAST)
    ),
    refused(
        "cl and te, space before the name", post(FIVE, b" Transfer-Encoding: chunked", body=LAST)
    ),
    refused(
        "cl and te behind an empty element",
        post(FIVE, b"Transfer-Encoding: ,chunked", body=LAST),
        400,
        422,
        501,
    ),
    refused("cl and te folded", post(FIVE, b"Transfer-Encoding:\r\n chunked", body=LAST)),
    refused("cl and te, vertical tab", post(FIVE, b"Transfer-Encoding: \x0bchunked", body=LAST)),
    refused("cl and te, a cr within", post(FIVE, b"X: y\rTransfer-Encoding: chunked", body=LAST)),
    refused("cl and te, a lf within", post(FIVE, b"X: y\nTransfer-Encoding: chunked", body=LAST)),
    refused("cl and te, a nul within", post(FIVE, b"Transfer-Encoding: chun\x00ked", body=LAST)),
    refused(
        "http 1.0 with both",
        post(FIVE, CHUNKED, b"Connection: keep-alive", body=LAST, version=b"HTTP/1.0"),
    ),
    refused(
        "te named by connection, and cl", post(FIVE, CHUNKED, b"Connection: Transfer-Encoding")
    ),
    passed(
        "te with an underscore is no te",
        post(FIVE, b"Transfer_Encoding: chunked"),
        body=b"hello",
        hasnt=(b"transfer_encoding", b"transfer-encoding"),
    ),
    passed(
        "cl with an underscore is no cl",
        post(FIVE, b"Content_Length: 50"),
        body=b"hello",
        hasnt=(b"content_length",),
    ),
)

LENGTH = (
    passed("length", length(b" 5"), body=b"hello"),
    passed("length 0 stays", length(b" 0", b""), body=b"", has=(b"content-length: 0",)),
    passed("length between tabs", length(b"\t5\t"), body=b"hello", has=(b"content-length: 5",)),
    either("length twice in a list", length(b" 5, 5"), body=b"hello"),
    either("length twice in two lines", post(FIVE, FIVE), body=b"hello"),
    refused("length differs in a list", length(b" 5, 6")),
    refused("length differs in two lines", post(FIVE, b"Content-Length: 6")),
    refused("length differs by case", post(FIVE, b"content-length: 0")),
    refused("length, then an empty one", post(FIVE, b"Content-Length:")),
    refused("length with a comma", length(b" 5,")),
    refused("length behind a comma", length(b" ,5")),
    refused("length with plus", length(b" +5")),
    refused("length below 0", length(b" -5")),
    refused("length of minus 0", length(b" -0", b"")),
    refused("length with an underscore", length(b" 0_5")),
    refused("length in hexadecimal", length(b" 0x5")),
    refused("length in hexadecimal digits", length(b" a", b"0123456789")),
    refused("length with a fraction", length(b" 5.0")),
    refused("length with an exponent", length(b" 5e0")),
    refused("length empty", length(b"", b"")),
    refused("length of white space", length(b" \t ", b"")),
    refused("length and letters", length(b" 5a")),
    refused("length and a semicolon", length(b" 5;")),
    refused("length in words", length(b" five")),
    refused("length of 30 digits", length(b" " + b"9" * 30), 400, 413),
    refused("length of 2 to the 64th", length(b" 18446744073709551616"), 400, 413),
    refused("length of 2 to the 64th and 5", length(b" 18446744073709551621"), 400, 413),
    refused("length of 2 to the 64th less 1", length(b" 18446744073709551615"), 400, 413),
    refused("length of 2 to the 63rd", length(b" 9223372036854775808"), 400, 413),
    refused("length with a space", length(b" 5 5")),
    refused("length with a tab", length(b" 5\t5")),
    refused("length behind a vertical tab", length(b" \x0b5")),
    refused("length before a form feed", length(b" 5\x0c")),
    refused("length before a nul", length(b" 5\x00")),
    refused("length behind a no-break space", length(b" \xa05")),
    refused("length in arabic digits", length(b" \xd9\xa5")),
    refused("length in fullwidth digits", length(b" \xef\xbc\x95")),
    refused("length in quotes", length(b' "5"')),
    refused("length behind a next-line", post(b"Content-Length\x85: 5")),
    refused("length, a space before the colon", post(b"Content-Length : 5")),
    refused("length folded", post(FIVE, b" 6")),
    refused("length folded at once", post(b"Content-Length:", b" 5")),
    either(
        "length with leading zeros",
        length(b" 010", b"0123456789"),
        body=b"0123456789",
        has=(b"content-length: 10",),
    ),
    either("length of zeros", length(b" 000", b""), body=b"", has=(b"content-length: 0",)),
    refused("body cut short", length(b" 10"), 400, 408, ends=True),
    refused("body missing", length(b" 10", b""), 400, 408, ends=True),
    refused("large body cut short", length(b" 200000", b"x" * 100_000), 400, 408, ends=True),
    passed("get with a body", post(FIVE).replace(b"POST", b"GET"), body=b"hello"),
    passed("length of a large body", length(b" 100000", b"x" * 100_000), body=b"x" * 100_000),
)

CODING = (
    passed("chunked", coding(b" chunked"), body=b"hello"),
    passed("chunked in mixed case", coding(b"ChUnKeD"), body=b"hello"),
    either("chunked between tabs", coding(b"\tchunked \t"), body=b"hello"),
    either("chunked delete", coding(b" chunked").replace(b"POST", b"DELETE"), body=b"hello"),
    either("chunked get", coding(b" chunked").replace(b"POST", b"GET"), body=b"hello"),
    refused("chunked twice in a list", coding(b" chunked, chunked"), 400, 501),
    refused("chunked twice in two lines", post(CHUNKED, CHUNKED, body=HELLO), 400, 501),
    refused("chunked, then identity", post(CHUNKED, b"Transfer-Encoding: identity"), 400, 501),
    refused(
        "identity, then chunked",
        post(b"Transfer-Encoding: identity", CHUNKED, body=HELLO),
        400,
        501,
    ),
    refused("chunked, then empty", post(CHUNKED, b"Transfer-Encoding:", body=HELLO), 400, 501),
    refused("chunked, then gzip", coding(b" chunked, gzip"), 400, 501),
    refused("gzip, then chunked", coding(b" gzip, chunked"), 400, 501),
    refused("identity in a list", coding(b" identity, chunked"), 400, 501),
    refused("gzip", coding(b" gzip"), 400, 501),
    refused("deflate", coding(b" deflate"), 400, 501),
    refused("identity", coding(b" identity"), 400, 501),
    refused("no coding", coding(b""), 400, 501),
    refused("a comma", coding(b" ,"), 400, 501),
    either("chunked and a comma", coding(b" chunked,"), 400, 501, body=b"hello"),
    either("chunked behind a comma", coding(b" ,chunked"), 400, 501, body=b"hello"),
    refused("chunked in quotes", coding(b' "chunked"'), 400, 501),
    refused("chunked with a parameter", coding(b" chunked;x=y"), 400, 501),
    refused("chunked with a weight", coding(b" chunked;q=0.5"), 400, 501),
    refused("chunked and a word", coding(b" chunked x"), 400, 501),
    refused("xchunked", coding(b" xchunked"), 400, 501),
    refused("chunkedx", coding(b" chunkedx"), 400, 501),
    refused("chunke", coding(b" chunke"), 400, 501),
    refused("chunked and a nul", coding(b" chunked\x00")),
    refused("chunked behind a form feed", coding(b" \x0cchunked")),
    refused("chunked behind a next-line", coding(b" \x85chunked"), 400, 501),
    refused("chunked behind a no-break space", coding(b" \xa0chunked"), 400, 501),
    refused("chunked with a kelvin sign", coding(b" chun\xe2\x84\xaaed"), 400, 501),
    refused("coding with a dotless i", post(b"Transfer-Encod\xc4\xb1ng: chunked", body=HELLO)),
    refused("coding with a long s", post(b"Tran\xc5\xbffer-Encoding: chunked", body=HELLO)),
    refused("coding, a space before the colon", post(b"Transfer-Encoding : chunked", body=HELLO)),
    refused("coding folded", post(b"Transfer-Encoding:", b" chunked", body=HELLO)),
    refused("coding folded behind its value", post(CHUNKED, b" , identity", body=HELLO)),
    refused("http 1.0 chunked", post(CHUNKED, body=HELLO, version=b"HTTP/1.0")),
    passed(
        "content-encoding is the pod's",
        post(b"Content-Encoding: gzip", b"Content-Length: 4", body=b"\x1f\x8b\x08\x00"),
        body=b"\x1f\x8b\x08\x00",
        has=(b"content-encoding: gzip",),
    ),
)
