"""How the benchmark measures programs: with a wrk that says what it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.programs import Ports, Running, start, subfolder
from bench.ratios.cases import CASES, Case
from bench.ratios.measure import Plan, measure
from bench.ratios.readiness import is_ready
from bench.ratios.wrk import LoadError, measured_run
from bench.scale import pods

PORTS = Ports(http=1, https=2, admin=0, backend=0)
FINE = "echo '100 requests in 1.00s, 1MB read'"
BROKEN = "echo '  Socket errors: connect 7, read 0, write 0, timeout 0'"
INTERRUPTING = "kill -INT $PPID"
HTTP = CASES[0]

Starting = Callable[..., Running]


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Starting]:
    """Starts a program by name, in the place of a proxy; all of them end with the test."""
    with ExitStack() as stack:

        def begin(name: str, *command: str, ports: Ports = PORTS) -> Running:
            running = start(name, command or ("sleep", "60"), subfolder(tmp_path, name), ports)
            stack.callback(running.stop)
            return running

        yield begin


@pytest.fixture
def wrk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Mapping[int, str]], Path]:
    """Installs a wrk that does what is told for its n-th run, else it succeeds; returns the file
    with what it was asked for."""
    folder = subfolder(tmp_path, "bin")
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def install(behaviour: Mapping[int, str]) -> Path:
        log = folder / "log"
        log.touch()
        actions = "\n".join(f"{number}) {action};;" for number, action in behaviour.items())
        script = folder / "wrk"
        script.write_text(
            f'#!/bin/sh\necho "$@" >> {log}\n'
            f"case $(wc -l < {log}) in\n{actions}\n*) {FINE};;\nesac\n"
        )
        script.chmod(0o755)
        return log

    return install


@pytest.fixture
def interruptible() -> Iterator[None]:
    """SIGINT as at a terminal: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def plan(rounds: int = 1) -> Plan:
    return Plan((HTTP,), rounds=rounds, seconds=1)


def test_what_fails_has_no_sample_and_costs_no_other_its_own(
    starting: Starting,
    wrk: Callable[[Mapping[int, str]], Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    peers = [starting("first"), starting("second")]
    wrk({1: BROKEN, 3: BROKEN})  # in warming up, and in measuring
    samples = measure(peers, plan())
    assert [run.requests for run in samples["http", "second"]] == [100]
    assert ("http", "first") not in samples
    assert "first, 100 bytes, keep-alive: Socket errors: connect 7" in capsys.readouterr().out


def test_each_round_begins_with_another_peer(
    starting: Starting, wrk: Callable[[Mapping[int, str]], Path]
) -> None:
    ports = [Ports(http=number, https=0, admin=0, backend=0) for number in (11, 22)]
    peers = [starting(f"peer-{each.http}", ports=each) for each in ports]
    log = wrk({})
    measure(peers, plan(rounds=2))
    urls = [line.split()[-1] for line in log.read_text().splitlines()]
    asked = [url.removeprefix("http://127.0.0.1:").removesuffix("/small") for url in urls]
    assert asked == ["11", "22", "11", "22", "22", "11"]


@pytest.mark.usefixtures("interruptible")
def test_an_interruption_keeps_what_was_measured(
    starting: Starting, wrk: Callable[[Mapping[int, str]], Path]
) -> None:
    peer = starting("only")
    wrk({3: INTERRUPTING})
    samples = measure([peer], plan(rounds=3))
    assert len(samples["http", "only"]) == 1


def test_a_program_that_has_ended_is_no_measurement(
    starting: Starting, wrk: Callable[[Mapping[int, str]], Path]
) -> None:
    ended = starting("ended", "sh", "-c", "echo last words")
    ended.process.wait()
    wrk({})
    with pytest.raises(LoadError, match="ended has ended:\nlast words"):
        measured_run(ended, HTTP, 1, 0)


def test_a_program_is_out_of_reach_of_the_terminal(starting: Starting) -> None:
    assert os.getsid(starting("program").pid) != os.getsid(0)


def test_what_a_program_printed_can_be_forgotten(starting: Starting) -> None:
    program = starting("program", "echo", "words")
    program.process.wait()
    assert program.last_words == "words\n"
    program.forget_output()
    assert program.last_words == ""


async def test_a_proxy_is_ready_when_each_answer_is_complete(starting: Starting) -> None:
    async with pods.pod("127.0.0.1", 0) as port:
        proxy = starting("proxy", ports=Ports(http=port, https=0, admin=0, backend=0))
        right = Case("right", "an address", answer=len("127.0.0.1"))
        assert await asyncio.to_thread(is_ready, proxy, [right])


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", b"What?\r\n"])
async def test_a_proxy_that_answers_wrongly_is_not_measured(
    starting: Starting,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: bytes,
) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()

    monkeypatch.setattr("bench.ratios.readiness.READY_SECONDS", 0.2)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        proxy = starting("proxy", ports=Ports(http=port, https=0, admin=0, backend=0))
        assert not await asyncio.to_thread(is_ready, proxy, [HTTP])
    assert capsys.readouterr().out.startswith("proxy: not measured, ")


def test_a_proxy_that_has_ended_is_named_at_once(
    starting: Starting, capsys: pytest.CaptureFixture[str]
) -> None:
    proxy = starting("proxy", "sh", "-c", "echo no such option; exit 3")
    proxy.process.wait()
    assert not is_ready(proxy, [HTTP])
    said = capsys.readouterr().out
    assert said == "proxy: not measured, it ended with 3\nno such option\n\n"
