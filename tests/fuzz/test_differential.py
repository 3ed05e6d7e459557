"""The same bytes to ingressd and to a real nginx: what their pods see, and why it differs.

Nothing may differ without a row in one of the tables below. Whatever the row, ingressd passes on no
request that a strict reader of the standard would not see.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from support.fuzzing.cases import kept, read_case
from support.fuzzing.clients import first_unasked
from support.fuzzing.differential import Compared, side_by_side
from support.fuzzing.mutation import Mutator, Stream
from support.fuzzing.reading import CLOSED, CUT, Asked
from support.fuzzing.seeds import CLIENT
from support.nginx import needs_nginx
from support.vectors import ALL

MUTANTS = 4_000

METHODS = frozenset(
    b"GET HEAD POST PUT DELETE OPTIONS PATCH COPY LOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH UNLOCK "
    b"BIND REBIND UNBIND ACL REPORT MKACTIVITY CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE "
    b"UNSUBSCRIBE PURGE MKCALENDAR LINK UNLINK SOURCE QUERY".split()
)
"""What the parser knows, without CONNECT and TRACE."""


class Reason(NamedTuple):
    """Why ingressd does not pass on a request that is well formed, and where that is allowed."""

    name: str
    holds: Callable[[Asked], bool]
    source: str


def _has(name: bytes) -> Callable[[Asked], bool]:
    return lambda asked: bool(asked.values(name))


def _is_large(asked: Asked) -> bool:
    sizes = [len(name) + len(value) + 4 for name, value in asked.fields]
    is_head = len(asked.written) > 16_000 or len(sizes) > 128 or sum(sizes) > 60_000
    return is_head or max(sizes, default=0) > 32_000 or len(asked.body) > 1_000_000


def _authorities(asked: Asked) -> list[bytes]:
    found = re.match(rb"[A-Z]+ +https?://([^/?]*)", asked.written, re.IGNORECASE)
    return [*asked.values(b"host"), *([found[1]] if found else [])]


def _is_odd_host(asked: Asked) -> bool:
    plain = re.compile(rb"(?!\.|.*\.\.)[A-Za-z0-9._-]{1,254}(:[0-9]{0,4})?")
    return not all(map(plain.fullmatch, _authorities(asked)))


def _is_for_pod(asked: Asked) -> bool:
    """Whether there is a route: to other hosts both answer by themselves."""
    served = re.compile(rb"a\.test\.?(:[0-9]*)?", re.IGNORECASE)
    return any(map(served.fullmatch, _authorities(asked)))


STRICTER = (
    Reason("too large", _is_large, "RFC 9110 15.5.14/15, RFC 6585 5: 413, 414, 431"),
    Reason("costly chunks", lambda asked: asked.overhead > 16_000, "RFC 9112 7.1.1: a limit"),
    Reason("trailers", lambda asked: bool(asked.trailers), "RFC 9110 6.5.1: may be refused"),
    Reason("odd Host", _is_odd_host, "RFC 9110 7.2, RFC 3986 3.2.2"),
    Reason("unknown method", lambda asked: asked.method not in METHODS, "RFC 9110 9.1: 501"),
    Reason("hops", _has(b"max-forwards"), "RFC 9110 7.6.2: at 0 it is not passed on"),
    Reason("expectation", _has(b"expect"), "RFC 9110 10.1.1: 417"),
    Reason("bytes beyond ASCII", lambda asked: not asked.target.isascii(), "RFC 9112 3.2"),
    Reason("odd path", lambda asked: b"%" in asked.target, "RFC 3986 2.1: no such escape"),
    Reason("above the root", lambda asked: b".." in asked.target, "RFC 3986 5.2.4"),
)
"""ingressd is stricter with what is well formed: it answers itself."""

LAST = (
    Reason("upgrade among others", _has(b"upgrade"), "RFC 9110 7.8: what follows may be no HTTP"),
    Reason("chunks among others", _has(b"transfer-encoding"), "RFC 9112 9.3.2: a server may close"),
)
"""ingressd ends the connection early where such a one comes in one read with others."""

LAXER = {
    "bare LF": "RFC 9112 2.2 lets a line end with it; ingressd refuses",
    "bare CR": "RFC 9112 2.2 makes it invalid; nginx takes CR CR LF for an end",
    "empty lines": "RFC 9112 2.2 lets one pass before a request; nginx any number",
    "field line": "RFC 9110 5.5, 5.1; nginx drops odd names and passes controls on",
    "folded field": "RFC 9112 5.2; nginx drops a line without a colon, and does not read trailers",
    "request line": "RFC 9112 2.3, 3: nginx takes HTTP/1.2 for 1.1, and passes fragments on",
    "request target": "RFC 9112 3.2: nginx takes any scheme",
    "Host": "RFC 9110 7.2: nginx does not look at a port",
    "chunk size": "RFC 9112 7.1: nginx allows white space, and does not read extensions",
    "chunk end": "RFC 9112 7.1: nginx takes a bare LF",
}
"""nginx is laxer: what it passes on is none by the letter, by the flaw that reading finds."""


def _has_tabs(asked: Compared) -> bool:
    return re.search(rb":[ ]*\t|\t[ ]*\r\n", asked.stream.raw) is not None


def _is_beyond_buffers(compared: Compared) -> bool:
    return any(
        len(each.written) + sum(len(name) + len(value) + 4 for name, value in each.fields) > 7_000
        for each in compared.reading.requests
    )


def _says_close(compared: Compared) -> bool:
    values = [each.values(b"connection") for each in compared.reading.requests]
    return any(b"close" in value.lower() for each in values for value in each)


def _is_expected_twice(compared: Compared) -> bool:
    return any(len(each.values(b"expect")) > 1 for each in compared.reading.requests)


NGINX_STRICTER: dict[str, Callable[[Compared], bool]] = {
    "a tab around a value is a part of it to nginx (RFC 9110 5.5: it is not)": _has_tabs,
    "large_client_header_buffers 4 8k (ingressd takes 64 KiB)": _is_beyond_buffers,
    "any value of Connection with close in it is close to nginx (RFC 9110 7.6.1)": _says_close,
    "Expect twice is 400 to nginx (RFC 9110 10.1.1: HTTP/1.0 has none)": _is_expected_twice,
}


def explain(compared: Compared) -> str:
    """The row that explains a difference, or ""."""
    common, reading = compared.common, compared.reading
    if len(compared.ours.passed) > common:
        return next((why for why, holds in NGINX_STRICTER.items() if holds(compared)), "")
    wellformed = reading.requests[common:]
    if not wellformed or len(list(filter(_is_for_pod, reading.requests))) <= common:
        return reading.flaw if reading.flaw in LAXER else ""
    last = reading.requests[max(0, common - 1) :]
    reasons = [each.name for each in STRICTER if any(map(each.holds, wellformed))]
    reasons += [each.name for each in LAST if any(map(each.holds, last))]
    return reasons[0] if reasons else ""


def streams() -> list[Stream]:
    """Every vector, every kept case, and mutants."""
    mutator = Mutator(CLIENT, "differential")
    vectors = [Stream((each.sent,), origin=each.name) for each in ALL]
    cases = [read_case(path) for path in kept("client")]
    return [*vectors, *cases, *(mutator.stream() for _ in range(MUTANTS))]


@needs_nginx
@pytest.mark.timeout(120)
@pytest.mark.parametrize("buffering", [True, False], ids=["whole bodies", "streamed bodies"])
async def test_every_difference_to_nginx_is_explained(tmp_path: Path, buffering: bool) -> None:
    reasons: Counter[str] = Counter()
    unexplained = []
    async with side_by_side(tmp_path, buffering=buffering) as pair:
        for stream in streams():
            compared = await pair.compare(stream)
            assert not compared.ours.broken
            assert not unasked(compared)
            if not compared.is_same:
                reason = explain(compared)
                reasons[reason] += 1
                if not reason:
                    unexplained.append(describe(compared))
    assert not unexplained, "\n".join(unexplained[:20])
    assert reasons.keys() - {*LAXER, CUT, CLOSED}, "nothing differs: are both really asked?"


def unasked(compared: Compared) -> bytes:
    """What ingressd passed on though nobody asked for it."""
    seen = [Asked(*line.split(b" ")[:2], body=body) for line, body in compared.ours.passed]
    return first_unasked(seen, compared.reading)


def describe(compared: Compared) -> str:
    common = compared.common
    ours, theirs = compared.ours.passed[common:], compared.theirs.passed[common:]
    raw = re.sub(rb"(.)\1{40,}", rb"<\1...>", compared.stream.raw)[:400]
    return (
        f"{compared.stream.origin}: {raw!r}\n  reading: {compared.reading.flaw!r}\n"
        f"  ours: {ours[:2]!r:.200}\n  nginx: {theirs[:2]!r:.200} {compared.theirs.broken:.80}"
    )
