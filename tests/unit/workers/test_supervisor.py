from __future__ import annotations

import pytest
from support.waiting import until

from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.workers.sockets import Addresses, bind_workers
from ingressd.workers.supervisor import Supervisor, restart_delay
from ingressd.workers.worker import WorkerSettings


@pytest.mark.parametrize(
    ("crashes", "seconds"), [(1, 0.0), (2, 0.1), (3, 0.2), (6, 1.6), (8, 5.0), (9999, 5.0)]
)
def test_the_first_death_costs_no_wait_and_a_crash_loop_ever_more(
    crashes: int, seconds: float
) -> None:
    assert restart_delay(crashes) == seconds


async def test_a_program_that_cannot_start_workers_tries_on_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), 1)
    settings = WorkerSettings(ProxySettings(affinity_key=b"k" * 32))
    supervisor = Supervisor(settings, listeners, lambda: Delta(1, reset=True))
    assert supervisor.served_generation == 0
    supervisor.start()
    await until(lambda: supervisor.restarts == 2)
    supervisor.kill()
    await supervisor.stop(0)

    assert "worker 0 is gone: cannot be started: [Errno 2]" in caplog.text
    assert not supervisor.status[0].serving
    assert supervisor.served_generation == 0


async def test_no_bug_leaves_the_place_of_a_worker_empty(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a bug")

    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), 1)
    settings = WorkerSettings(ProxySettings(affinity_key=b"k" * 32))
    supervisor = Supervisor(settings, listeners, lambda: Delta(1, reset=True))
    with monkeypatch.context() as patched:
        patched.setattr("ingressd.workers.worker.open_channel", broken)
        supervisor.start()
        await until(lambda: supervisor.restarts == 2)
    supervisor.publish(Delta(1, reset=True))
    await supervisor.ready()
    await supervisor.stop(0)

    assert "the supervision of worker 0 failed" in caplog.text
    assert "its supervision failed: RuntimeError; another one starts in 0.1 s" in caplog.text


async def test_a_stop_ends_the_wait_for_the_next_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    monkeypatch.setattr("ingressd.workers.supervisor.restart_delay", lambda _: 3600.0)
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), 2)
    settings = WorkerSettings(ProxySettings(affinity_key=b"k" * 32), exit_margin=3600.0)
    supervisor = Supervisor(settings, listeners, lambda: Delta(1, reset=True))
    supervisor.start()
    await until(lambda: supervisor.restarts == 2)
    await supervisor.stop(0)

    assert supervisor.restarts == 2


async def test_a_stop_before_the_first_start_leaves_nothing_to_start() -> None:
    listeners = bind_workers(Addresses(("127.0.0.1",), 0, 0), 1)
    settings = WorkerSettings(ProxySettings(affinity_key=b"k" * 32))
    supervisor = Supervisor(settings, listeners, lambda: Delta(1, reset=True))
    supervisor.start()
    await supervisor.stop(0)
    supervisor.start()

    assert [status.pid for status in supervisor.status] == [0]
