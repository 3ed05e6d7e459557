"""The path on which we match is the one on which a real nginx matches its locations."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.fuzzing.answers import read_answer
from support.fuzzing.nginx import nginx
from support.nginx import needs_nginx

from ingressd.routing.paths import normalise_path

PATHS = 4_000
PARTS = (
    "/", "/", "/", "//", ".", "..", "/.", "/..", "/./", "/../", "a", "b", "foo", "%2e", "%2E%2e",
    "%2f", "%2F", "%5c", "\\", "%00", "%", "%2", "%zz", "%e9", "%c3%a9", "%20", "%25", "%252e", "~",
    ";x=1", "+", "[", "]", "|", "^", '"', "<", "`", "{", "%3f", "%23", "=", "&", ":", "@", "..a",
)  # fmt: skip


def paths() -> Iterator[str]:
    """Paths put together from what a parser of paths minds; the same ones every time."""
    source = random.Random("paths")
    for _ in range(PATHS):
        yield "/" + "".join(source.choices(PARTS, k=source.randint(0, 7)))


@needs_nginx
@pytest.mark.timeout(60)
async def test_paths_are_normalised_as_nginx_does(tmp_path: Path) -> None:
    async with nginx(tmp_path, 1, buffering=True) as door:
        differing = [
            (path, ours, theirs)
            for path in paths()
            if (ours := normalise_path(path)) != (theirs := await _in_nginx(door, path))
        ]
    assert differing == []


async def _in_nginx(door: Path, path: str) -> str | None:
    """Its ``$uri``; None where it answers 400."""
    reader, writer = await asyncio.open_unix_connection(door)
    writer.write(b"GET %b HTTP/1.0\r\nHost: uri.test\r\n\r\n" % path.encode())
    answer = read_answer(await reader.read())
    writer.close()
    assert answer.status in (200, 400)
    return answer.body.decode("utf-8", "surrogateescape") if answer.status == 200 else None
