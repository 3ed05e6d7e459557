from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.passwords.credentials import (
    MOST_CREDENTIALS,
    Credentials,
    read_credentials,
)


def read(value: bytes) -> Credentials | None:
    return read_credentials([(b"Host", b"a.test"), (b"aUTHORIZATION", value)])


def basic(text: bytes) -> bytes:
    return b"Basic " + base64.b64encode(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (basic(b"jane:secret"), (b"jane", b"secret")),
        (basic(b"jane:a:b"), (b"jane", b"a:b")),
        (basic(b"jane:"), (b"jane", b"")),
        (basic("jané:ß".encode()), ("jané".encode(), "ß".encode())),
        (b"bAsIc  " + base64.b64encode(b"jane:secret") + b" ", (b"jane", b"secret")),
        (basic(b"jane:secre").rstrip(b"="), (b"jane", b"secre")),
    ],
)
def test_credentials(value: bytes, expected: tuple[bytes, bytes]) -> None:
    assert read(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        b"", b"Basic", b"Basic ", b"Bearer amFuZTpzZWNyZXQ=", b"BasicamphbmU6eA==",
        basic(b"jane"), basic(b":secret"), basic(b"jane:sec\0ret"), b"Basic amFu!ZTp4",
        b"Basic amFuZTp4 amFuZTp4", b"Basic amFuZTp4=x", b"Basic a", b"Basic \xff\xfe",
        basic(b"jane:" + b"x" * MOST_CREDENTIALS),
    ],
)  # fmt: skip
def test_what_is_none(value: bytes) -> None:
    assert read(value) is None


def test_nothing_of_them_is_shown() -> None:
    assert repr(read(basic(b"jane:secret"))) == "Credentials()"


def test_one_field_and_no_more() -> None:
    field = (b"Authorization", basic(b"jane:secret"))
    assert read_credentials([]) is None
    assert read_credentials([field, field]) is None


@given(st.binary(max_size=60))
def test_anything_may_come(value: bytes) -> None:
    for each in (value, b"Basic " + value, basic(value)):
        found = read(each)
        assert found is None or (found.user and b"\0" not in found.user + found.password)
