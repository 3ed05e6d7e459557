"""Routes whose errors are answered by a Service: its page, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from ingressd.routing.delta import Delta
from ingressd.routing.model import Backend, Host
from ingressd.routing.policy import ErrorPages, Policy, Timeouts
from support.pods import Pod, Script, Visit, answering
from support.proxies import route, upstream

ERRORS = Backend("default", "errors", "")
CODES = (401, 403, 404, 413, 500, 502, 503, 504)
PAGE = (
    b"HTTP/1.1 200 Fine\r\nContent-Type: text/x-page\r\nX-Page: 1\r\nContent-Length: 4\r\n\r\npage"
)


def gone(status: int, *lines: bytes) -> Script:
    """A pod that gives this answer, of which a client shall see nothing."""
    fields = b"".join(b"%b\r\n" % line for line in lines)
    body = b"Content-Length: 6\r\n\r\nsecret"
    return answering(b"HTTP/1.1 %d Gone\r\nX-Pod: 1\r\n%b%b" % (status, fields, body))


def replacing(**fields: object) -> Policy:
    """The policy of a route whose errors are those of the Service ``errors``."""
    return Policy(
        default_backend=ERRORS.upstream,
        error_pages=ErrorPages(CODES),
        timeouts=Timeouts(read=0.3),
        **fields,  # type: ignore[arg-type]
    )


def table(ports: Sequence[int], errors: Sequence[int], policy: Policy) -> Delta:
    upstreams = upstream(ports), upstream(errors, ERRORS)
    host = Host("a.test", (route(policy=policy),))
    return Delta(1, reset=True, hosts=(host,), upstreams=upstreams)


TOLD = (b"X-Code", b"X-Format", b"X-Original-URI", b"X-Namespace", b"X-Ingress-Name",
        b"X-Service-Name", b"X-Service-Port")  # fmt: skip


def told(errors: Pod) -> list[bytes | None]:
    """What the default backend was told in the only request that it got."""
    (request,) = errors.requests
    return [request.line, *map(request.value, TOLD)]


async def dead(visit: Visit) -> None:
    """Hangs up without a word."""
    await visit.request()


async def silent(visit: Visit) -> None:
    """Never answers."""
    await visit.request()
    await visit.reader.read()
