"""The shape of the house: which way imports go, what is pure, and how big things may grow."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ingressd"

LAYERS = (
    {"resources", "routing"},
    {"sources", "compiler"},
    {"controller", "proxy"},
    {"workers", "admin"},
    {"cli"},
)
PURE = {"resources", "compiler", "routing"}
IMPURE_MODULES = {"asyncio", "socket", "ssl", "aiohttp", "kubernetes_asyncio", "jinja2"}
PROXY_MAY_NOT_KNOW = {"resources", "compiler", "sources", "controller"}
KUBERNETES_CLIENT_USERS = re.compile(
    r"ingressd\.(sources\.kubernetes|controller\.(status|leader|events))(\..+)?"
)
WORKER_ENTRY = "ingressd.workers.process"
NOT_IN_A_WORKER = {"kubernetes_asyncio", "cryptography", "yaml"}

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
LONGEST_MEDIAN_FUNCTION = 15
VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}

# Forks one child for each module: each is imported alone, and the libraries are loaded only once.
IMPORT_EACH_ALONE = """
import importlib, os, sys
import aiohttp.web, click, cryptography.x509, httptools, jinja2, msgspec, uvloop, watchfiles, yaml
failed = []
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name}: {error!r}", flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        failed.append(name)
sys.exit(1 if failed else 0)
"""


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


@cache
def tree_of(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(), filename=str(MODULES[name]))


def imports_of(name: str) -> Iterator[str]:
    """Dotted names that a module imports, wherever it does so (TYPE_CHECKING blocks too)."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(dotted: str) -> str:
    """``proxy`` for ``ingressd.proxy.client.tls``; "" for what stands outside or above them."""
    parts = dotted.split(".")
    is_room = parts[0] == "ingressd" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir()
    return parts[1] if is_room else ""


def level_of(room: str) -> int:
    return next(level for level, rooms in enumerate(LAYERS) if room in rooms)


def modules_in(rooms: set[str]) -> list[str]:
    return [name for name in MODULES if room_of(name) in rooms]


def functions_of(name: str) -> Iterator[tuple[str, int]]:
    """Name and length in lines of every function of a module."""
    for node in ast.walk(tree_of(name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield f"{name}.{node.name}", node.end_lineno - node.lineno + 1


def test_every_room_has_a_layer() -> None:
    rooms = {room_of(name) for name in MODULES} - {""}
    assert rooms == set().union(*LAYERS)


def test_imports_go_one_way() -> None:
    wrong = [
        f"{name} imports {target}"
        for name in MODULES
        for target in imports_of(name)
        if room_of(name)
        and room_of(target)
        and room_of(target) != room_of(name)
        and level_of(room_of(target)) >= level_of(room_of(name))
    ]
    assert wrong == []


def test_pure_rooms_import_nothing_that_does_input_or_output() -> None:
    """Rule A. What stands above the rooms (logs, templating) is not for them either."""
    wrong = [
        f"{name} imports {target}"
        for name in modules_in(PURE)
        for target in imports_of(name)
        if target.split(".")[0] in IMPURE_MODULES
        or (target.startswith("ingressd.") and room_of(target) not in PURE)
    ]
    assert wrong == []


def test_the_data_plane_knows_only_routing() -> None:
    """Rule B."""
    wrong = [
        f"{name} imports {target}"
        for name in modules_in({"proxy"})
        for target in imports_of(name)
        if room_of(target) in PROXY_MAY_NOT_KNOW
    ]
    assert wrong == []


def test_the_kubernetes_client_stays_where_a_cluster_is_spoken_to() -> None:
    """Rule C, as the source says it."""
    wrong = [
        f"{name} imports {target}"
        for name in MODULES
        for target in imports_of(name)
        if target.split(".")[0] == "kubernetes_asyncio"
        and not KUBERNETES_CLIENT_USERS.fullmatch(name)
    ]
    assert wrong == []


def test_a_worker_loads_no_kubernetes_client_and_no_parser_of_manifests() -> None:
    """Rule C, as a worker process finds it: those libraries cost it tens of MiB."""
    program = f"import sys, {WORKER_ENTRY}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout.split()
    assert WORKER_ENTRY in loaded
    assert NOT_IN_A_WORKER.isdisjoint(loaded)


@pytest.mark.timeout(120)  # some 300 processes, on a machine that may be busy
def test_every_module_imports_alone_without_a_warning() -> None:
    """In any order: nothing leans on what another module happened to import before."""
    names = [name for name in MODULES if not name.endswith(".__main__")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EACH_ALONE, *names],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_module_says_why_it_exists() -> None:
    assert [name for name in MODULES if not ast.get_docstring(tree_of(name))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name for name in MODULES if name.rpartition(".")[2] in VAGUE_NAMES] == []


def test_files_stay_small() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_stay_short() -> None:
    lengths = [(name, length) for module in MODULES for name, length in functions_of(module)]
    assert [entry for entry in lengths if entry[1] > LONGEST_FUNCTION] == []
    assert median(length for _, length in lengths) <= LONGEST_MEDIAN_FUNCTION


@pytest.mark.parametrize("folder", ["ingressd", "tests", "bench", "certs-example", "examples"])
def test_nothing_is_left_for_later_in_a_comment(folder: str) -> None:
    marker = re.compile(r"#.*\b(TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
    left = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if marker.search(line)
    ]
    assert left == []


def test_untrusted_text_is_never_matched_by_its_beginning_alone() -> None:
    """``re.match`` with ``$`` lets a trailing newline through: ``re.fullmatch`` does not."""
    wrong = [
        f"{name}:{node.lineno}"
        for name in MODULES
        for node in ast.walk(tree_of(name))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "re.match"
    ]
    assert wrong == []
