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
