"""Keys, hashes and tokens with marks in them: no output, page, process or disk shows one."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.api_server import ApiDouble, write_kubeconfig
from support.clients import connect, fetch
from support.commands import ingressd
from support.pods import named, pod
from support.program import Launch, Program, running
from support.secrets import AFFINITY_MARK, CLIENT_MARK, TOKEN_MARK, Marked, marked_manifests
from support.waiting import until

PAGES = (
    "/", "/?url=https://shop.test/", "/?url=https://auth.test/", "/healthz", "/readyz", "/metrics",
    "/api/v1/routes", "/api/v1/findings", "/api/v1/explain?url=https://shop.test/",
    "/api/v1/explain?url=https://bad.test/", "/api/v1/explain?url=https://auth.test/", "/none",
)  # fmt: skip

CREDENTIALS = f"Authorization: Bearer {CLIENT_MARK}\r\nCookie: session={CLIENT_MARK}\r\n".encode()
"""What a client shows, and what is for its pod alone."""

CARELESS = """
import logging
_set_level = logging.Logger.setLevel
logging.Logger.setLevel = lambda self, level: _set_level(self, logging.DEBUG)
"""
"""Put before the program: everything that can be logged is."""

FAILING = """
import ingressd.proxy.server as server
def _apply(self, delta):
    held = {name: getattr(delta, name) for name in delta.__struct_fields__}
    raise ValueError(f"cannot apply {delta!r}, that is {held}") from TypeError(delta, self)
server.Proxy.apply = _apply
"""
"""A worker with a bug that tells all it knows."""


@pytest.fixture
def marked(tmp_path: Path) -> Marked:
    return marked_manifests(tmp_path / "manifests")


def _started(folder: Path, text: str) -> dict[str, str]:
    """The environment in which Python runs ``text`` at its start, and may write nowhere else."""
    code = folder / "code"
    code.mkdir()
    (code / "sitecustomize.py").write_text(text)
    places = {name: folder / name.lower() for name in ("TMPDIR", "HOME", "XDG_CACHE_HOME")}
    for place in places.values():
        place.mkdir()
    return {
        "PYTHONPATH": str(code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "INGRESSD_AFFINITY_KEY": AFFINITY_MARK,
        **{name: str(place) for name, place in places.items()},
    }


@asynccontextmanager
async def served(
    marked: Marked, folder: Path, log_format: str = "json", code: str = CARELESS
) -> AsyncIterator[Program]:
    environment = await asyncio.to_thread(_started, folder, code)
    async with pod(named(b"web")) as backend:
        arguments = ("--log-format", log_format, "--backend", f"web=127.0.0.1:{backend.port}")
        output = folder / "stdout"
        launch = Launch(marked.folder, folder, arguments, stdout=output, environment=environment)
        async with running(launch) as program:
            yield program


def anyone() -> ssl.SSLContext:
    """A client that trusts everybody."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def use(program: Program) -> bytes:
    """Requests of every outcome, over TLS and not, good and malformed; all that was answered."""
    seen = b""
    for host in (b"shop.test", b"bad.test", b"auth.test", b"none.test"):
        async with connect(program.https, tls=anyone(), server_name=host.decode()) as client:
            for accept in (b"*/*", b"text/html", b"application/json"):
                extra = b"Accept: %b\r\n" % accept + CREDENTIALS
                response = await client.get(b"/", host, extra)
                seen += repr(response.headers).encode() + response.body
        seen += (await fetch(program.http, host=host)).body
    async with connect(program.http) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        seen += await client.reader.read()
    return seen


def exposed(pids: set[int]) -> bytes:
    """Arguments and environments of processes, the names of their open files, and what those hold
    that have no other name.
    """
    found = b""
    for pid in pids:
        process = Path(f"/proc/{pid}")
        found += (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        for each in (process / "fd").iterdir():
            try:
                target = os.readlink(each)
            except FileNotFoundError:
                continue  # closed since
            found += target.encode()
            if target.startswith("/memfd:"):
                found += each.read_bytes()
    return found


def arguments(pid: int) -> bytes:
    """The command line, which everybody may read."""
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def written(folder: Path, *, except_for: Path) -> bytes:
    """The content of every file that the program may have left."""
    files = [
        each for each in folder.rglob("*") if each.is_file() and except_for not in each.parents
    ]
    return b"".join(each.read_bytes() for each in files)


@pytest.mark.parametrize("log_format", ["json", "text"])
async def test_no_output_page_or_file_has_one(
    marked: Marked, tmp_path: Path, log_format: str
) -> None:
    async with served(marked, tmp_path, log_format) as program:
        answers = await use(program)
        for path in PAGES:
            answers += (await program.page(path))[1].encode()
        await until(lambda: b"shop.test" in (tmp_path / "stdout").read_bytes())
        before = program.workers
        os.kill(min(before), signal.SIGKILL)
        await until(lambda: len(program.workers) == len(before) and program.workers != before)
        (marked.folder / "tls.json").rename(marked.folder / "tls.yaml.json")
        (marked.folder / "users.json").unlink()
        assert b"shop.test" in answers
        assert await program.stop() == 0

    assert marked.found_in(answers) == []
    assert marked.found_in(written(tmp_path, except_for=marked.folder)) == []


async def test_no_worker_shows_one_in_its_arguments_environment_or_files(
    marked: Marked, tmp_path: Path
) -> None:
    async with served(marked, tmp_path) as program:
        await use(program)
        shown = exposed(program.workers)
        assert b"ingressd.workers.process" in shown
        assert marked.found_in(shown) == []
        assert b"INGRESSD_" not in shown
        assert b"memfd:pem" not in shown
        assert marked.found_in(arguments(program.process.pid)) == []


async def test_the_traceback_of_a_worker_that_fails_has_none(
    marked: Marked, tmp_path: Path
) -> None:
    environment = await asyncio.to_thread(_started, tmp_path, CARELESS + FAILING)
    stderr = tmp_path / "stderr"
    with stderr.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *Launch(marked.folder, tmp_path, workers=1).command,
            stderr=errors,
            env={**os.environ, **environment},
        )
    try:
        await until(lambda: "cannot apply Delta(" in stderr.read_text())
        await until(lambda: "Traceback" in stderr.read_text())
    finally:
        process.terminate()
        await process.wait()
    assert "Certificate(" in stderr.read_text()
    assert marked.found_in(stderr.read_bytes()) == []


@pytest.mark.parametrize(
    "command",
    [
        ("check",),
        ("routes",),
        ("hosts",),
        ("explain", "https://shop.test/", "--manifests"),
        ("explain", "https://bad.test/", "--manifests"),
        ("explain", "https://auth.test/", "--manifests"),
    ],
    ids=" ".join,
)
def test_no_command_prints_one(marked: Marked, command: tuple[str, ...]) -> None:
    source = ("--manifests",) if command[0] in ("routes", "hosts") else ()
    formats: tuple[tuple[str, ...], ...] = ((), ("--output", "json"))
    for form in formats[: 1 if command[0] == "hosts" else 2]:
        result = ingressd(*command, *source, marked.folder, *form)
        assert ".test" in result.output
        assert marked.found_in(result.output) == []


async def test_the_token_of_a_cluster_is_nowhere(marked: Marked, tmp_path: Path) -> None:
    environment = await asyncio.to_thread(_started, tmp_path, CARELESS)
    double = ApiDouble()
    double.token = TOKEN_MARK
    double.put("namespaces", "kube-system")
    async with double.serving():
        kubeconfig = write_kubeconfig(marked.folder, double.url, TOKEN_MARK)
        launch = Launch(kubeconfig, tmp_path, flag="--kubeconfig", environment=environment)
        async with running(launch) as program:
            double.token = "another"  # the server has forgotten ours
            double.reset("ingresses")
            findings = ""
            while "Api" not in findings:
                findings = (await program.page("/api/v1/findings"))[1]
            pages = [(await program.page(path))[1] for path in PAGES]
            shown = exposed(program.workers | {program.process.pid})
            assert await program.stop() == 0
    assert marked.found_in("".join(pages)) == []
    assert [form for form in marked.found_in(shown) if TOKEN_MARK.encode() in form] == []
    assert marked.found_in(written(tmp_path, except_for=marked.folder)) == []
