"""A worker that has no memory for what it would say."""

from __future__ import annotations

from typing import cast

import pytest
from support.proxies import SETTINGS

from ingressd.workers.channel import Channel
from ingressd.workers.messages import Command, Report, Start
from ingressd.workers.process import Worker


class Exhausted:
    """A channel to which nothing can be written."""

    def post(self, report: Report) -> None:
        raise MemoryError


async def test_a_report_for_which_there_is_no_memory_is_left_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Worker(cast(Channel[Command], Exhausted()), Start(SETTINGS, (), ()))
    worker._report_counters()
    await worker._proxy.stop(0)
    (record,) = caplog.records
    assert "no memory for a report" in record.getMessage()
