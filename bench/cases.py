"""What is measured: one kind of request each, and how wrk is told to send it."""

from __future__ import annotations

from msgspec import Struct

KEEP_ALIVE_CONNECTIONS = 32
HOST = "bench.example.com"

POST_SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = string.rep("x", {size})
"""


class Case(Struct, frozen=True):
    """One kind of request.

    ``path`` is a path of the backend and ``answer`` the size of its body in bytes; ``post`` is the
    size of the request's body (0: a GET). ``close`` asks for a new connection each time.
    """

    name: str
    title: str
    path: str
    answer: int
    tls: bool = False
    close: bool = False
    post: int = 0

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


SMALL = 100
MEDIUM = 64 * 1024
LARGE = 1024 * 1024

CASES = (
    Case("http", "100 bytes, keep-alive", "/small", SMALL),
    Case("tls", "100 bytes, keep-alive, TLS", "/small", SMALL, tls=True),
    Case("connect", "100 bytes, new connection", "/small", SMALL, close=True),
    Case("64k", "64 KiB answer", "/medium", MEDIUM),
    Case("1m", "1 MiB answer", "/large", LARGE),
    Case("post", "POST of 200 bytes", "/small", SMALL, post=200),
)


def chosen_cases(names: str) -> tuple[Case, ...]:
    """The cases of a comma-separated list, all for "". Raises ValueError for an unknown name."""
    known = {case.name: case for case in CASES}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise ValueError(f"no case named {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in wanted) or CASES
