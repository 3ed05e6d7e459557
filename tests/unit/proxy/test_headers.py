"""Which fields travel: lines and managed fields of a request, Connection, cookies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.headers import (
    REQUEST_MANAGED,
    alike,
    connection_tokens,
    cookie,
    line,
    split_request,
    split_underscored,
    without,
    without_alike,
)

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCDEFXYZ0123456789-_!~", min_size=1).map(str.encode)
MANAGED = st.sampled_from(sorted(REQUEST_MANAGED)).flatmap(
    lambda name: st.sampled_from([name, name.upper(), name.title()])
)


def underscored(name: bytes) -> bytes:
    return name.replace(b"-", b"_")


VALUE = st.one_of(st.binary(max_size=20), TOKEN, MANAGED, st.just(b"close, x-a, host"))


@given(st.lists(st.tuples(st.one_of(TOKEN, MANAGED), VALUE)))
def test_no_managed_field_travels_and_each_is_known(raw: list[tuple[bytes, bytes]]) -> None:
    lines, fields = split_request(raw)
    travelling = {entry.partition(b":")[0].lower() for entry in lines}
    assert not travelling & REQUEST_MANAGED
    assert not any(b"_" in name for name in travelling)
    assert fields.keys() == {name.lower() for name, _ in raw} & REQUEST_MANAGED


@given(st.lists(st.tuples(st.one_of(TOKEN, MANAGED, MANAGED.map(underscored)), VALUE)))
def test_none_travels_that_a_pod_could_take_for_a_managed_one(
    raw: list[tuple[bytes, bytes]],
) -> None:
    lines, fields = split_underscored(raw)
    travelling = {entry.partition(b":")[0].lower() for entry in lines}
    assert not {name.replace(b"_", b"-") for name in travelling} & REQUEST_MANAGED
    assert fields == split_request(raw)[1], "nobody is believed about them either"


def test_names_with_an_underscore_travel_where_they_are_kept() -> None:
    raw = [(b"Access_Token", b"1"), (b"X_Forwarded_For", b"6.6.6.6"), (b"Connection", b"x_hop"),
           (b"X_Hop", b"1"), (b"X-Other", b"2")]  # fmt: skip
    assert split_underscored(raw)[0] == [b"Access_Token: 1\r\n", b"X-Other: 2\r\n"]
    assert split_request(raw)[0] == [b"X-Other: 2\r\n"]


def test_other_fields_travel_in_order_byte_for_byte() -> None:
    raw = [(b"X-A", b"caf\xe9"), (b"x-a", b"2"), (b"Host", b"a"), (b"COOKIE", b"b=c")]
    lines, fields = split_request(raw)
    assert lines == [b"X-A: caf\xe9\r\n", b"x-a: 2\r\n", b"COOKIE: b=c\r\n"]
    assert fields == {b"host": b"a"}


def test_repeated_managed_fields_are_joined() -> None:
    raw = [(b"X-Forwarded-For", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")]
    assert split_request(raw)[1] == {b"x-forwarded-for": b"1.1.1.1, 2.2.2.2"}


def test_connection_removes_what_it_names_in_every_repetition() -> None:
    raw = [
        (b"Connection", b"close, X-A"),
        (b"connection", b"\tx-b "),
        (b"X-A", b"1"),
        (b"x-B", b""),
    ]
    assert split_request(raw)[0] == []


def test_tokens_are_lower_case_without_white_space() -> None:
    assert connection_tokens(b" Close,\tX-A ,,") == {b"close", b"x-a", b""}


def test_without_compares_whole_names() -> None:
    lines = [line(b"X-A", b"1"), line(b"X-AB", b"2")]
    assert without(lines, frozenset({b"x-a"})) == [b"X-AB: 2\r\n"]


def test_without_alike_takes_an_underscore_for_a_dash() -> None:
    lines = [line(name, b"1") for name in (b"X_a", b"x-A", b"X_A_B", b"Xa", b"y_z", b"Y-Z")]
    kept = without_alike(lines, alike([b"X-a", b"y_z"]))
    assert kept == [b"X_A_B: 1\r\n", b"Xa: 1\r\n"]


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([b"Cookie: r=1\r\n"], b"1"),
        ([b"cookie: a=b; r=1; r=2\r\n"], b"1"),
        ([b"Cookie: a=b\r\n", b"Cookie: r=\r\n"], b""),
        ([b'Cookie: r="1"\r\n'], b"1"),
        ([b"Cookie: xr=1; R=2\r\n"], None),
        ([b"X-Cookie: r=1\r\n"], None),
        ([], None),
    ],
)
def test_the_value_of_a_cookie(lines: list[bytes], value: bytes | None) -> None:
    assert cookie(lines, b"r") == value
