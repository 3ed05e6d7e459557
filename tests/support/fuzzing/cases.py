"""Streams that once broke something, or nearly did, as files that people can read."""

from __future__ import annotations

import ast
import re
from hashlib import blake2b
from pathlib import Path

from support.fuzzing.mutation import Stream

CASES = Path(__file__).parents[2] / "fuzz" / "cases"
"""A folder for each side."""

_SETTING = "setting: "


def keep(folder: Path, stream: Stream, why: str) -> Path:
    """Write a stream to a file of its own, named after its bytes and why it is kept."""
    digest = blake2b(repr((stream.pieces, stream.setting)).encode(), digest_size=4).hexdigest()
    name = re.sub(r"[^a-z0-9]+", "-", why.lower())[:40].strip("-")
    path = folder / f"{digest}-{name}.txt"
    lines = [f"# {why!a}", *([_SETTING + stream.setting] if stream.setting else [])]
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, *map(repr, stream.pieces), ""]))
    return path


def read_case(path: Path) -> Stream:
    """A stream that was kept: one piece a line, as a Python literal."""
    lines = path.read_text().splitlines()
    pieces = tuple(ast.literal_eval(line) for line in lines if line.startswith("b"))
    settings = [line.removeprefix(_SETTING) for line in lines if line.startswith(_SETTING)]
    return Stream(pieces, settings[0] if settings else "", path.stem)


def kept(side: str) -> list[Path]:
    """Every file of one side."""
    return sorted((CASES / side).glob("*.txt"))
