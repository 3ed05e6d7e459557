from __future__ import annotations

import msgspec
import pytest

from ingressd.proxy.observing.metrics import Snapshot
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.delta import Delta
from ingressd.workers.messages import (
    Applied,
    Apply,
    Command,
    Drain,
    Fatal,
    Heartbeat,
    Measure,
    Measured,
    Report,
    Start,
    Stop,
    Withdraw,
)


@pytest.mark.parametrize(
    ("message", "union"),
    [
        (Start(ProxySettings(b"key"), (1,), (2,)), Command),
        (Apply(Delta(1)), Command),
        (Measure(), Command),
        (Drain(), Command),
        (Withdraw(), Command),
        (Stop(1.0), Command),
        (Applied(1), Report),
        (Heartbeat(1, 0.0, 64, 128), Report),
        (Measured(Snapshot()), Report),
        (Fatal("why"), Report),
    ],
)
def test_the_union_tells_messages_apart(message: object, union: object) -> None:
    encoded = msgspec.msgpack.encode(message)

    assert msgspec.msgpack.decode(encoded, type=union) == message


def test_a_report_is_no_command() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(Applied(1)), type=Command)
