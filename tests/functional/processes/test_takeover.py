"""A new ingressd takes over the ports of one that serves, while requests come in."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession
from support.clients import connect, fetch
from support.downloads import Downloads
from support.load import PAUSE, Traffic, traffic
from support.pods import named, pod, signing
from support.process_tree import is_running
from support.program import MANIFEST, Launch, Program, running
from support.waiting import refuses, until

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.workers.sockets import Addresses, Inherited, bind_workers, port_of
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

HOST = "a.test"
DOWNLOADS = 8  # so many that each of two workers has some
GRACE = 2.4  # a third of it for those who are about to ask on a connection of the old
STICKY = """{
  name: web,
  annotations: {
    nginx.ingress.kubernetes.io/affinity: cookie,
    nginx.ingress.kubernetes.io/affinity-mode: persistent,
  },
}"""
STARTED = re.compile(r"a new process \(pid (\d+)\) is started")
SERVES = re.compile(r"the new process \(pid (\d+)\) serves")
OUTCOME = re.compile(r"the new process \(pid \d+\) (serves|cannot take over)")
BROKEN = "raise ImportError('half an installation')"

unverified = ssl.create_default_context()
unverified.check_hostname = False
unverified.verify_mode = ssl.CERT_NONE


@asynccontextmanager
async def served(
    folder: Path,
    *ports: int,
    manifest: str = MANIFEST.format(host=HOST),
    more: Sequence[str] = (),
    workers: int = 1,
    grace: float = 0,
) -> AsyncIterator[Program]:
    """The program in front of pods."""
    source = folder / "web.yaml"
    source.write_text(manifest)
    backends = [word for port in ports for word in ("--backend", f"web=127.0.0.1:{port}")]
    launch = Launch(
        source,
        folder,
        ("--no-access-log", *backends, *more),
        workers=workers,
        grace=grace,
        environment={"PYTHONPATH": str(folder)},
    )
    async with running(launch) as program:
        yield program


async def replaced(program: Program, old: int) -> int:
    """Ask a process to be replaced; returns the pid of the one that serves in its place."""
    before = program.said
    os.kill(old, signal.SIGUSR2)
    await until(lambda: OUTCOME.search(program.said, len(before)) is not None)
    serves = SERVES.search(program.said, len(before))
    assert serves is not None, program.said
    return int(serves[1])


@asynccontextmanager
async def probed(program: Program, seen: Traffic) -> AsyncIterator[None]:
    """Whether it is ready, and requests by TLS, each on a connection of its own."""
    ends = asyncio.Event()

    async def ask() -> None:
        while not ends.is_set():
            if (ready := await fetch(program.admin, b"/readyz")).status != 200:
                seen.failures.append(f"not ready: {ready.body!r}")
            async with connect(program.https, tls=unverified, server_name=HOST) as client:
                answer = await client.get(extra=b"X-Nonce: tls\r\n")
                seen.record("by TLS", answer, b"tls")
            await asyncio.sleep(PAUSE)  # the rate of the load, not a wait

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        ends.set()
        await asking


@pytest.mark.timeout(90)  # three starts, under a load that uses all there is
async def test_two_handovers_in_a_row_refuse_and_fail_nothing(tmp_path: Path) -> None:
    downloads = Downloads()
    async with (
        pod(downloads.script) as backend,
        served(tmp_path, backend.port, workers=2, grace=GRACE) as program,
    ):
        await downloads.begin(program.http, DOWNLOADS)
        async with traffic(program.http, HOST) as seen, probed(program, seen):
            second = await replaced(program, program.process.pid)
            assert program.process.returncode is None
            assert await downloads.outcome() == [True] * DOWNLOADS
            assert await program.process.wait() == 0
            await seen.more(50)

            third = await replaced(program, second)
            await until(lambda: not is_running(second))
            await seen.more(50)

        assert seen.failures == []
        assert "Traceback" not in program.said
        os.kill(third, signal.SIGTERM)
        await until(lambda: refuses(program.http) and not is_running(third))


async def test_who_waits_in_a_queue_of_the_old_is_answered_by_the_new(tmp_path: Path) -> None:
    async with (
        pod(named(b"web")) as backend,
        served(tmp_path, backend.port, workers=2) as program,
    ):
        old = program.workers
        for worker in old:
            os.kill(worker, signal.SIGSTOP)
        queued = [asyncio.create_task(fetch(program.http)) for _ in range(20)]
        await replaced(program, program.process.pid)

        assert [(await each).body for each in queued] == [b"web"] * 20
        for worker in filter(is_running, old):
            os.kill(worker, signal.SIGCONT)
        assert await program.process.wait() == 0


async def test_cookies_of_the_old_lead_to_the_same_pods(tmp_path: Path) -> None:
    manifest = MANIFEST.format(host=HOST).replace("{name: web}", STICKY, 1)
    async with (
        pod(named(b"one")) as one,
        pod(named(b"other")) as other,
        served(tmp_path, one.port, other.port, manifest=manifest) as program,
    ):
        first = await fetch(program.http)
        cookie = (first.value(b"set-cookie") or b"").partition(b";")[0]
        await replaced(program, program.process.pid)
        assert await program.process.wait() == 0

        for _ in range(4):
            async with connect(program.http) as client:
                again = await client.get(extra=b"Cookie: %b\r\n" % cookie)
            assert (again.body, again.value(b"set-cookie")) == (first.body, None)


async def test_every_address_is_handed_over_and_systemd_is_told_to_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "systemd"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "systemd"))
        async with (
            pod(named(b"web")) as backend,
            served(tmp_path, backend.port, more=("--address", "::1")) as program,
        ):
            new = await replaced(program, program.process.pid)
            assert await program.process.wait() == 0
            assert [systemd.recv(100) for _ in range(2)] == [b"READY=1", b"MAINPID=%d" % new]

            for address in ("127.0.0.1", "[::1]"):
                for port in (program.http, program.admin):
                    async with ClientSession() as session:
                        url = f"http://{address}:{port}/readyz"
                        async with session.get(url, headers={"Host": HOST}) as answer:
                            assert answer.status == 200


async def test_one_that_cannot_start_costs_nothing_and_the_next_one_can(tmp_path: Path) -> None:
    async with (
        pod(signing(b"web")) as backend,
        served(tmp_path, backend.port, grace=GRACE) as program,
    ):
        async with traffic(program.http, HOST) as seen:
            (tmp_path / "click.py").write_text(BROKEN)
            program.process.send_signal(signal.SIGUSR2)
            await until(lambda: "cannot take over: it ended with exit code 1" in program.said)
            await seen.more(50)
            assert "half an installation" in program.said
            assert (await program.page("/readyz"))[0] == 200

            (tmp_path / "click.py").unlink()
            await replaced(program, program.process.pid)
            assert await program.process.wait() == 0
            await seen.more(50)

        assert seen.failures == []


async def test_only_one_is_being_started_and_it_leaves_with_the_old(tmp_path: Path) -> None:
    async with pod(named(b"web")) as backend, served(tmp_path, backend.port) as program:
        (tmp_path / "httptools.py").write_text(BROKEN)  # only workers need it: none of them serves
        program.process.send_signal(signal.SIGUSR2)
        await until(lambda: "half an installation" in program.said)
        program.process.send_signal(signal.SIGUSR2)
        await until(lambda: "a new process is being started already" in program.said)
        (new,) = map(int, STARTED.findall(program.said))
        os.kill(new, signal.SIGUSR2)
        await until(lambda: "SIGUSR2: this process does not serve yet" in program.said)
        assert (await fetch(program.http)).body == b"web"

        assert await program.stop() == 0
        assert not is_running(new)
        assert refuses(program.http)


async def test_told_twice_it_ends_the_one_that_is_being_started_too(tmp_path: Path) -> None:
    async with pod(named(b"web")) as backend, served(tmp_path, backend.port) as program:
        (tmp_path / "click.py").write_text("import time; time.sleep(600)")
        program.process.send_signal(signal.SIGUSR2)
        await until(lambda: bool(STARTED.search(program.said)))
        (new,) = map(int, STARTED.findall(program.said))
        program.process.send_signal(signal.SIGTERM)
        await until(lambda: "every worker has finished" in program.said)
        assert is_running(new)

        assert await program.stop() == 1
        assert not is_running(new)


@pytest.mark.parametrize(("before", "now"), [(3, 1), (1, 2)])
async def test_no_socket_is_left_to_nobody_whatever_the_number_of_workers(
    before: int, now: int
) -> None:
    bound = bind_workers(Addresses(("127.0.0.1",), 0, 0), before)
    inherited = Inherited(
        *(tuple(each.http[0] for each in bound), tuple(e.https[0] for e in bound))
    )
    for each in bound:
        each.http[0].listen()
    addresses = Addresses(("127.0.0.1",), port_of(bound[0].http[0]), 0)
    listeners = bind_workers(addresses, now, inherited)
    settings = WorkerSettings(ProxySettings(affinity_key=b"k" * 32, access_log=False))
    supervisor = Supervisor(settings, listeners, lambda: Delta(1, reset=True))
    supervisor.start()
    try:
        queued = [asyncio.create_task(fetch(addresses.http_port)) for _ in range(16)]
        supervisor.publish(Delta(1, reset=True))
        await supervisor.ready()
        late = [await fetch(addresses.http_port) for _ in range(16)]
        assert {each.status for each in (*late, *[await each for each in queued])} == {404}
        assert len(supervisor.status) == now
    finally:
        await supervisor.stop(0)
