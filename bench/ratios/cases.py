"""What is measured: one kind of request each, how wrk is told to send it, and what is aimed at."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from bench.proxies.nginx import LARGE, MEDIUM, SMALL
from bench.proxies.peer import HOST
from bench.proxies.peers import MANY, SUBJECT

KEEP_ALIVE_CONNECTIONS = 32

POST_SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", {size})
"""


class Case(Struct, frozen=True):
    """One kind of request.

    ``path`` is a path of the backend and ``answer`` the size of its body in bytes; ``post`` is the
    size of the request's body (0: a GET). ``close`` asks for a new connection each time. In
    ``targets`` are the highest ratios of ``subject`` to a peer that we aim at.
    """

    name: str
    title: str
    path: str = "/small"
    answer: int = SMALL
    tls: bool = False
    close: bool = False
    post: int = 0
    subject: str = SUBJECT
    targets: Mapping[str, float] = {}

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return "https" if self.tls else "http"

    @property
    def headers(self) -> dict[str, str]:
        """The headers that each request carries."""
        return {"Host": HOST, **({"Connection": "close"} if self.close else {})}

    @property
    def script(self) -> str:
        """The wrk script that makes the request, or "" where the command line is enough."""
        return POST_SCRIPT.format(size=self.post) if self.post else ""

    def concerns(self, peer: str) -> bool:
        """Whether a peer is measured: the large table has a row of its own, beside the small."""
        if self.subject != SUBJECT:
            return peer in (self.subject, SUBJECT)
        return peer != MANY


_MEDIUM = {"nginx": 1.2, "caddy": 1.0}
_LARGE = {"nginx": 1.2, "caddy": 1.2}

CASES = (
    Case("http", "100 bytes, keep-alive", targets={"nginx": 2.4, "caddy": 0.6}),
    Case("fresh", "the same, no two heads alike", "/fresh"),
    Case("tls", "100 bytes, keep-alive, TLS", tls=True, targets={"nginx": 2.0, "caddy": 0.7}),
    Case("connect", "100 bytes, new connection", close=True, targets={"nginx": 2.0, "caddy": 0.8}),
    Case(
        "handshake",
        "100 bytes, full TLS handshake",
        tls=True,
        close=True,
        targets={"nginx": 1.4, "caddy": 1.0},
    ),
    Case("64k", "64 KiB answer", "/medium", MEDIUM, targets=_MEDIUM),
    Case("chunked", "64 KiB answer, chunked", "/chunked", MEDIUM, targets=_MEDIUM),
    Case("1m", "1 MiB answer", "/large", LARGE, targets=_LARGE),
    Case("post", "POST of 200 bytes", post=200),
    Case("post-64k", "POST of 64 KiB", "/upload", post=MEDIUM, targets=_MEDIUM),
    Case("post-1m", "POST of 1 MiB", "/upload", post=LARGE, targets=_LARGE),
    Case("many", "keep-alive, 10,000 Ingresses", subject=MANY, targets={SUBJECT: 1.1}),
)
