"""A ClientHello is read as OpenSSL wrote it, however it comes, and waited for no longer."""

from __future__ import annotations

import ssl
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.proxy.client.client_hello import (
    MAX_SIZE,
    ClientHello,
    NeedMore,
    NotTls,
    parse_client_hello,
)

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABEL, min_size=1, max_size=5).map(lambda labels: ".".join([*labels, "test"]))
RECORD = 5


def hello_to(name: str) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("no server has answered")


HELLO = hello_to("kubia.example.test")


@settings(max_examples=30, deadline=None)
@given(NAMES)
def test_the_name_is_the_one_that_was_asked_for(name: str) -> None:
    assert parse_client_hello(hello_to(name)) == ClientHello(name)


@given(st.integers(0, len(HELLO) - 1))
def test_of_a_part_more_is_needed_and_never_more_than_there_is(size: int) -> None:
    outcome = parse_client_hello(HELLO[:size])
    assert isinstance(outcome, NeedMore)
    assert size < outcome.size <= len(HELLO)


@given(st.lists(st.integers(1, len(HELLO) - RECORD - 1), max_size=6, unique=True))
def test_records_may_be_cut_anywhere(cuts: list[int]) -> None:
    message = HELLO[RECORD:]
    parts = [message[start:end] for start, end in pairwise([0, *sorted(cuts), len(message)])]
    records = [HELLO[:3] + len(part).to_bytes(2) + part for part in parts]
    assert parse_client_hello(b"".join(records)) == ClientHello("kubia.example.test")


@given(st.binary(max_size=400), st.integers(0, len(HELLO)), st.integers(0, 400))
def test_a_verdict_stands_whatever_follows(tail: bytes, size: int, more: int) -> None:
    """Bytes are looked at again as more come: only NeedMore may become something else."""
    peeked = (HELLO[:size] + tail)[: size + more]
    outcome = parse_client_hello(peeked)
    if isinstance(outcome, NeedMore):
        assert len(peeked) < outcome.size <= MAX_SIZE
    else:
        assert type(parse_client_hello(peeked + tail)) is type(outcome)
        assert isinstance(outcome, ClientHello | NotTls)
