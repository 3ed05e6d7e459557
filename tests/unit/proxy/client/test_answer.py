"""Answers we give ourselves, byte for byte."""

from __future__ import annotations

from support.requests import get, received, wire_of

from ingressd.proxy.client.answer import Answer, redirect, write_answer

PAGE = Answer(404, b"text/plain", b"no\n", (b"X: y\r\n",))


async def test_an_answer_on_the_wire() -> None:
    request = get()
    write_answer(request, PAGE)
    assert wire_of(request).written == (
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
        b"X: y\r\n\r\nno\n"
    )
    assert (request.status, request.bytes_sent, request.keep_alive) == (404, 80, True)


async def test_head_gets_the_head_only() -> None:
    request = received(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
    write_answer(request, PAGE)
    assert wire_of(request).written.endswith(b"Content-Length: 3\r\nX: y\r\n\r\n")


async def test_a_body_on_its_way_ends_the_connection() -> None:
    request = received(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
    write_answer(request, PAGE)
    assert b"\r\nConnection: close\r\n\r\nno\n" in wire_of(request).written
    assert not request.keep_alive


async def test_a_client_that_is_gone_gets_nothing() -> None:
    request = get()
    request.client.transport = None
    write_answer(request, PAGE)
    assert request.status == 404


def test_a_redirect_keeps_the_bytes_of_its_target() -> None:
    answer = redirect(308, "https://a.test/caf\udce9")
    assert answer.lines == (b"Location: https://a.test/caf\xe9\r\n",)
    assert answer.body == b"308 Permanent Redirect\n"


async def test_edits_change_every_answer_and_leave_the_original() -> None:
    request = get()
    request.answer_edits = (lambda request, status, lines: [*lines, b"Status: %d\r\n" % status],)
    write_answer(request, PAGE)
    assert wire_of(request).written.endswith(b"X: y\r\nStatus: 404\r\n\r\nno\n")
    assert PAGE.lines == (b"X: y\r\n",)
