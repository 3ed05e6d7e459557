"""SECURITY.md names for each promise a test that holds it: those tests exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "SECURITY.md").read_text()
PROMISES = TEXT.partition("## What is promised\n")[2].partition("\n## ")[0]
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
HOLDS = re.compile(r"  - `tests/[\w/]+\.py::[\w:]+`")


def promises() -> list[str]:
    """Every promise with the lines below it."""
    return re.findall(r"^- .*(?:\n  .*)*", PROMISES, re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a module, those of its classes as ``Class::test``."""
    found = set()
    for node in ast.parse((ROOT / path).read_text()).body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if _is_function(each)}
        elif _is_function(node):
            found.add(node.name)
    return frozenset(found)


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_there_are_promises_of_every_sort() -> None:
    assert len(promises()) > 40
    assert len(re.findall(r"^### ", PROMISES, re.MULTILINE)) == 10


@pytest.mark.parametrize("promise", promises(), ids=lambda promise: promise[2:50])
def test_a_promise_is_held_by_tests(promise: str) -> None:
    lines = [line for line in promise.splitlines() if line.startswith("  - ")]
    assert lines
    assert all(HOLDS.fullmatch(line) for line in lines)


@pytest.mark.parametrize(("path", "name"), REFERENCE.findall(TEXT), ids=lambda part: part)
def test_what_is_named_exists(path: str, name: str) -> None:
    assert name.rpartition("::")[2].startswith("test_")
    assert name in names_in(path)
