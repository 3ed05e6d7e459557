"""Cookies and lists of tokens, against plain definitions of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.headers import connection_tokens, cookie, line, split_request, without

NAMES = st.sampled_from([b"a", b"b", b"INGRESSCOOKIE", b"a-b"])
VALUES = st.text(st.sampled_from("abc019%=:/+-."), max_size=8).map(str.encode)
COOKIES = st.lists(st.tuples(NAMES, VALUES), max_size=5)
TOKENS = st.sampled_from([b"close", b"X-A", b"x-b", b"keep-alive", b"", b"Cookie"])
SPACE = st.sampled_from([b"", b" ", b"\t", b" \t "])
ANY = st.binary(max_size=30).filter(lambda value: b"\r" not in value and b"\n" not in value)


@given(COOKIES, st.sampled_from([b"; ", b";", b" ;\t"]), NAMES)
def test_the_first_cookie_of_a_name_is_found(
    cookies: list[tuple[bytes, bytes]], separator: bytes, name: bytes
) -> None:
    lines = [b"X: y\r\n", line(b"cOOKIE", separator.join(b"%b=%b" % pair for pair in cookies))]
    assert cookie(lines, name) == next((value for known, value in cookies if known == name), None)


@given(st.lists(ANY, max_size=3), NAMES)
def test_no_cookies_raise_and_what_is_found_was_sent(values: list[bytes], name: bytes) -> None:
    found = cookie([line(b"Cookie", value) for value in values], name)
    assert found is None or any(found in value for value in values)


@given(st.lists(st.tuples(SPACE, TOKENS, SPACE), min_size=1))
def test_tokens_are_found_whatever_is_around_them(parts: list[tuple[bytes, bytes, bytes]]) -> None:
    text = b",".join(b"".join(part) for part in parts)
    assert connection_tokens(text) == {token.lower() for _, token, _ in parts}


@given(st.lists(TOKENS), st.lists(st.tuples(TOKENS.filter(bool), ANY)))
def test_what_connection_names_does_not_travel(
    named: list[bytes], fields: list[tuple[bytes, bytes]]
) -> None:
    lines, _ = split_request([(b"Connection", b", ".join(named)), *fields])
    options = {b"close"}  # they name no field
    gone = ({name.lower() for name in named} - options) | {b"connection", b"keep-alive"}
    assert lines == [line(name, value) for name, value in fields if name.lower() not in gone]
    assert without(lines, frozenset()) == lines
