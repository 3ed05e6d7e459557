from __future__ import annotations

import asyncio
import socket
import sys

import pytest

from ingressd.workers.sockets import NOTHING_INHERITED, CannotListen, Inherited
from ingressd.workers.takeover import (
    CHANNEL_VARIABLE,
    Predecessor,
    SuccessorGone,
    find_predecessor,
    start_successor,
)

NEW = """
import os, sys
from ingressd.workers.takeover import CHANNEL_VARIABLE, find_predecessor
old = find_predecessor(os.environ)
assert old.affinity_key == b"key" and CHANNEL_VARIABLE not in os.environ
names = [[each.getsockname()[1] for each in group]
         for group in (old.sockets.http, old.sockets.https, old.sockets.admin)]
assert not any(os.get_inheritable(each.fileno()) for each in old.sockets.http)
print(names, file=sys.stderr, flush=True)
old.announce()
"""
LEAVES = """
import asyncio, os
from ingressd.workers.takeover import find_predecessor
asyncio.run(find_predecessor(os.environ).dismissal())
print("left")
"""


def command(program: str) -> list[str]:
    return [sys.executable, "-c", program]


async def test_what_is_left_arrives_by_what_it_serves(capfd: pytest.CaptureFixture[str]) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("::1", 0), family=socket.AF_INET6) as two,
    ):
        successor = start_successor(command(NEW), Inherited((one, two), (), (two,)), b"key")
        await successor.ready()
        ports = one.getsockname()[1], two.getsockname()[1]

    await successor.dismiss(60)
    assert capfd.readouterr().err == f"[[{ports[0]}, {ports[1]}], [], [{ports[1]}]]\n"


async def test_one_that_is_dismissed_has_time_to_leave(capfd: pytest.CaptureFixture[str]) -> None:
    successor = start_successor(command(LEAVES), NOTHING_INHERITED, b"")
    await successor.dismiss(60)

    assert capfd.readouterr().out == "left\n"


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("raise SystemExit(2)", "it ended with exit code 2"),
        ("import os; os.kill(os.getpid(), 9)", "it ended with signal 9"),
    ],
)
async def test_one_that_never_looks_at_what_it_was_left_is_gone_all_the_same(
    program: str, why: str
) -> None:
    successor = start_successor(command(program), NOTHING_INHERITED, b"")

    with pytest.raises(SuccessorGone, match=why):
        await successor.ready()
    await successor.dismiss(0)


def test_a_command_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        start_successor(["/nonexistent/python"], NOTHING_INHERITED, b"")


async def test_a_predecessor_that_is_gone_dismisses_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    old = Predecessor(ours, NOTHING_INHERITED, b"")
    theirs.close()
    caplog.set_level("INFO")
    old.announce()

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(old.dismissal(), 0.05)
    assert "is gone already" in caplog.text
    ours.close()


def test_who_was_started_by_nobody_has_no_predecessor() -> None:
    assert find_predecessor({"PATH": "/bin"}) is None


@pytest.mark.parametrize("value", ["", "x", "-1", "999999"])
def test_a_variable_that_leads_nowhere_is_named(value: str) -> None:
    environment = {CHANNEL_VARIABLE: value}

    with pytest.raises(CannotListen, match=f"INGRESSD_PREDECESSOR={value} leads to no ingressd"):
        find_predecessor(environment)
    assert environment == {}


def test_another_version_may_say_more_but_not_something_else() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    more = b"\x84\xa4http\x90\xa5https\x90\xa5admin\x90\xa5other\x01"
    for packet in (more, b"\x80"):
        ours.send(packet)
    with ours, theirs:
        found = find_predecessor({CHANNEL_VARIABLE: str(theirs.dup().detach())})
        assert found is not None
        assert found.sockets == NOTHING_INHERITED
        found.close()
        with pytest.raises(CannotListen, match="missing required field `http`"):
            find_predecessor({CHANNEL_VARIABLE: str(theirs.dup().detach())})
