"""Answers we give ourselves: redirects and error pages."""

from __future__ import annotations

from http import HTTPStatus

from msgspec import Struct

from ingressd.proxy.client.request import Request
from ingressd.proxy.upstream.response_head import STATUS_LINES, connection_line


class Answer(Struct, frozen=True):
    """A whole response; ``lines`` are serialised field lines beside type and length. One without a
    body may have no type, b"".
    """

    status: int
    content_type: bytes
    body: bytes
    lines: tuple[bytes, ...] = ()


def redirect(status: int, location: str) -> Answer:
    """A redirect. ``location`` comes from a parsed request or from policy: no CR, no LF."""
    target = location.encode("utf-8", "surrogateescape")
    reason = HTTPStatus(status).phrase.encode()
    return Answer(
        status,
        b"text/plain; charset=utf-8",
        b"%d %b\n" % (status, reason),
        (b"Location: %b\r\n" % target,),
    )


def write_answer(request: Request, answer: Answer) -> None:
    """Write an answer and record it on the request; the connection closes if a body is unread."""
    request.status = answer.status
    request.keep_alive = request.keep_alive and request.is_body_complete
    lines = [b"Content-Length: %d\r\n" % len(answer.body), *answer.lines]
    if answer.content_type:
        lines.insert(0, b"Content-Type: %b\r\n" % answer.content_type)
    for edit in request.answer_edits:
        lines = edit(request, answer.status, lines)
    head = b"".join(
        [
            STATUS_LINES[answer.status],
            *lines,
            connection_line(request.keep_alive, request.http10),
        ]
    )
    data = head if request.method == "HEAD" else head + answer.body
    request.bytes_sent += len(data)
    if request.client.transport is not None:
        request.client.transport.write(data)
