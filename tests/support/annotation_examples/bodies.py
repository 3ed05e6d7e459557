"""Bodies."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Buffering, Policy


def buffered(**fields: object) -> Directives:
    """What is read of one of the annotations about buffers."""
    return Directives(Policy(buffering=Buffering(**fields)))  # type: ignore[arg-type]


EXAMPLES = {
    "proxy-body-size": [
        ("8m", Directives(Policy(body_limit=8 << 20))),
        ("64K", Directives(Policy(body_limit=64 << 10))),
        ("1G", Directives(Policy(body_limit=1 << 30))),
        ("1000", Directives(Policy(body_limit=1000))),
        (" 0 ", Directives(Policy(body_limit=0))),
    ],
    "proxy-request-buffering": [
        ("off", buffered(requests=False)),
        (" on ", buffered(requests=True)),
    ],
    "proxy-buffering": [("on", buffered(answers=True)), ("off", Directives())],
    "proxy-buffer-size": [
        ("16k", buffered(buffer_size=16 << 10)),
        ("8192", buffered(buffer_size=8192)),
        ("1M", buffered(buffer_size=1 << 20)),
    ],
    "client-body-buffer-size": [
        ("1k", buffered(request_memory=1024)),
        ("1000", buffered(request_memory=1000)),
        ("1M", buffered(request_memory=1 << 20)),
    ],
    "proxy-buffers-number": [("8", buffered(buffers=8)), ("1", buffered(buffers=1))],
    "proxy-max-temp-file-size": [
        ("0", buffered(answer_file=0)),
        ("2g", buffered(answer_file=2 << 30)),
    ],
}
INVALID = [
    *(("proxy-body-size", text) for text in ("8mb", "1.5m", "10 m", "-1", "8b", "9" * 30)),
    *(("proxy-request-buffering", text) for text in ("true", "OFF", "", "off;")),
    *(("proxy-buffering", text) for text in ("true", "On", "")),
    *(("proxy-buffer-size", text) for text in ("4 k", "1g", "4kb", "")),
    *(("client-body-buffer-size", text) for text in ("1g", "8kb", "x", "-1")),
    *(("proxy-buffers-number", text) for text in ("0", "-1", "4k", "")),
    *(("proxy-max-temp-file-size", text) for text in ("1mb", "off", "-1")),
]
