"""``ingressd demo`` as a user meets it: start it, run the lines it prints, stop it with Ctrl-C."""

from __future__ import annotations

import asyncio
import re
import shlex
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator

import pytest
from msgspec import Struct
from support.console import matches
from support.curl import curl
from support.processes import PROGRAM, line_with, started, stop

COMMAND = [PROGRAM, "demo", "--workers", "1", "--https-port", "0", "--admin-port", "0"]
ANY_LINE = re.compile("")
LAST_LINE = "Ctrl-C stops everything"
A_POD = "You've hit kubia-..."

# What is in a printed line, and what it has to answer: every line is here.
ANSWERS = {
    r"curl --resolve \S+ http://kubia.example.com:\d+/$": A_POD,
    r"/foo/headers$": "GET /foo/headers\nHost: kubia.example.com:...X-Forwarded-For: 127.0.0.1...",
    r"-H 'Host: foo.example.com'": A_POD,
    r"--cacert": A_POD,
    r"/cart$": "HTTP/1.1 308 ...Location: https://secure.example.com:.../cart...",
    r"http://sticky.example.com:\d+/$": f"HTTP/1.1 200 ...Set-Cookie: KUBIA=...{A_POD}",
    r"curl -i http://127.0.0.1:\d+/$": "HTTP/1.1 404 ...",
    r" explain ": "...default/kubia...",
    r" routes ": "...secure.example.com...",
    r"/api/v1/routes$": "...kubia.example.com...",
    r"/metrics$": "...ingressd_...",
}


class Demo(Struct):
    """A running demo and the command lines it printed."""

    process: Process
    commands: list[str]


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with started([*COMMAND, "--http-port", "0"]) as process:
        assert process.stdout is not None
        lines = [""]
        while LAST_LINE not in lines[-1]:
            lines.append(await line_with(process.stdout, ANY_LINE))
        commands = ("curl ", "ingressd ", PROGRAM)
        yield Demo(process, [line.strip() for line in lines if line.startswith(commands)])


async def output_of(command: str) -> str:
    words = shlex.split(command)
    if words[0] == "curl":
        return await asyncio.to_thread(curl, words[1:])
    async with started(words) as process:
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return output.decode()


async def test_every_line_works_as_printed_and_ctrl_c_ends_it(demo: Demo) -> None:
    assert len(demo.commands) == len(ANSWERS)
    for command, (wanted, answer) in zip(demo.commands, ANSWERS.items(), strict=True):
        assert re.search(wanted, command)
        output = await output_of(command)
        assert matches(answer, output), f"$ {command}\n{output}"
    assert await stop(demo.process, signal.SIGINT) == 0


async def test_a_port_in_use_is_said_and_ends_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = str(holder.getsockname()[1])
        async with started([*COMMAND, "--http-port", port]) as process:
            output, errors = await process.communicate()
    assert process.returncode == 1
    assert output == b""
    assert f"cannot listen on 127.0.0.1:{port}: address already in use" in errors.decode()
    assert "Traceback" not in errors.decode()
