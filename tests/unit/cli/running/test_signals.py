from __future__ import annotations

import os
import signal

import pytest

from ingressd.cli.running.signals import trapped_signals


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_asks_to_leave_and_the_second_to_hurry(number: signal.Signals) -> None:
    with trapped_signals() as signals:
        os.kill(os.getpid(), number)
        await signals.first.wait()
        assert not signals.second.is_set()

        os.kill(os.getpid(), signal.SIGTERM)
        await signals.second.wait()


async def test_a_terminal_that_hangs_up_asks_nothing() -> None:
    with trapped_signals() as signals:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        await signals.first.wait()
        assert not signals.second.is_set()


async def test_after_the_block_signals_are_what_they_were() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with trapped_signals():
        assert signal.getsignal(signal.SIGTERM) is not before

    assert signal.getsignal(signal.SIGTERM) is before


async def test_another_process_that_serves_is_a_reason_to_leave_but_no_signal() -> None:
    with trapped_signals() as signals:
        signals.note_replaced()
        assert (signals.first.is_set(), signals.is_replaced) == (True, True)

        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
        await signals.second.wait()


async def test_one_signal_does_not_hurry_who_leaves_because_he_is_replaced() -> None:
    with trapped_signals() as signals:
        signals.note_replaced()
        signals.note()
        assert not signals.second.is_set()


async def test_a_takeover_is_asked_for_once_at_a_time_and_never_while_we_leave(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with trapped_signals() as signals:
        os.kill(os.getpid(), signal.SIGUSR2)
        await signals.takeover.wait()
        assert caplog.text == ""

        signals.note_takeover()
        assert "a new process is being started already" in caplog.text

        signals.takeover.clear()
        signals.note()
        signals.note_takeover()
        assert not signals.takeover.is_set()
        assert "this one leaves" in caplog.text
