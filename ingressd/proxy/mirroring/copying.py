"""What a copy of a request is made of: the fields a pod gets, under the mirror's own name."""

from __future__ import annotations

from collections.abc import AsyncIterator

from multidict import CIMultiDict
from yarl import URL

from ingressd.proxy.bodies.temporary_files import PIECE, TemporaryFile
from ingressd.proxy.client.request import Request
from ingressd.proxy.inquiry.courier import Question
from ingressd.routing.policy import Mirror
from ingressd.routing.variables import Lookup, as_field, as_url, parse_template


class Copy:
    """A request that is not asked by its client, and its body: bytes, a file, or None for none."""

    def __init__(self, question: Question, body: bytes | TemporaryFile | None) -> None:
        self.question = question
        self._body = body

    def pieces(self) -> AsyncIterator[bytes] | None:
        """The body, a little at a time; None where there is none."""
        return None if self._body is None else _pieces(self._body)

    def close(self) -> None:
        """Let go of the body."""
        if isinstance(self._body, TemporaryFile):
            self._body.close()


class CopyMaker:
    """Makes the copies of one route's requests."""

    def __init__(self, mirror: Mirror) -> None:
        self._url = parse_template(mirror.url)
        self._host = parse_template(mirror.host)
        self._sends_body = mirror.sends_body

    def make(self, request: Request, lookup: Lookup) -> Copy:
        """A copy of a request that has come whole. Raises ValueError where there is no URL, once
        the variables have their values, and OSError where its body cannot be shared."""
        url = URL(as_url(self._url.render(lookup)), encoded=True)
        if url.host_subcomponent is None:
            raise ValueError(f"no host in {url}")
        fields = CIMultiDict(_fields(request))
        fields["Host"] = as_field(self._host.render(lookup)) or url.host_subcomponent
        body: bytes | TemporaryFile | None = None
        if self._sends_body and request.has_body:
            file = request.body_file
            fields["Content-Length"] = str(file.size if file else len(request.whole_body()))
            body = file.share() if file else request.whole_body()
        return Copy(Question(request.method, url, fields), body)


def _fields(request: Request) -> list[tuple[str, str]]:
    """What is no UTF-8 cannot be told, and is marked."""
    visitor = request.visitor
    authority = as_field((visitor.authority or request.authority).decode("latin-1"))
    lines = b"".join((*request.lines, visitor.forwarded)).decode("utf-8", "replace")
    parted = (line.partition(": ") for line in lines.split("\r\n") if line)
    fields = [(name, value) for name, _, value in parted]
    fields.append(("X-Forwarded-Host", authority))
    fields.append(("X-Request-ID", request.request_id.decode("latin-1")))
    return fields


async def _pieces(body: bytes | TemporaryFile) -> AsyncIterator[bytes]:
    if isinstance(body, TemporaryFile):
        for piece in body.pieces():
            yield piece
    else:
        for start in range(0, len(body), PIECE):
            yield body[start : start + PIECE]
