from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import resource
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
import pytest

from ingressd.proxy.observing.access_log import CAPACITY, FLUSH_SIZE, AccessLog, Entry

ENTRY = Entry(
    remote="192.0.2.7",
    method="GET",
    target="/foo?x=1",
    protocol="HTTP/1.1",
    status=200,
    bytes_sent=123,
    duration=0.0125,
    request_id="8f14e45f",
    host="kubia.example.com",
    ingress="default/kubia",
    service="default/kubia:80",
    upstream="10.244.0.10:8080",
    tries=1,
    user_agent="curl/8.5",
    referer="",
)
NOW = 1795253283.25  # 2026-11-21 09:28:03.25 UTC


class Pipe:
    """A pipe with a log at one end and a test at the other."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.reader = os.fdopen(reading, "rb", buffering=0)
        self.writer = os.fdopen(writing, "wb", buffering=0)
        os.set_blocking(reading, False)

    def read(self) -> bytes:
        """All that is in the pipe."""
        return b"".join(iter(lambda: self.reader.read(65536) or b"", b""))


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.reader.close()
    pipe.writer.close()


def open_file(path: Path) -> BinaryIO:
    return path.open("wb", buffering=0)


def logged(tmp_path: Path, style: str, entry: Entry) -> str:
    with open_file(tmp_path / "log") as stream:
        log = AccessLog(style, stream)
        log.record(entry, NOW)
        log.close()
    return (tmp_path / "log").read_text()


def test_a_line_of_json(tmp_path: Path) -> None:
    line = logged(tmp_path, "json", ENTRY)
    assert line.startswith('{"time":"2026-11-21T09:28:03.250Z","remote":"192.0.2.7",')
    assert json.loads(line) == {
        "time": "2026-11-21T09:28:03.250Z",
        **msgspec.to_builtins(ENTRY),
    }


def test_a_line_of_text(tmp_path: Path) -> None:
    assert logged(tmp_path, "text", ENTRY) == (
        '192.0.2.7 - - [21/Nov/2026:09:28:03 +0000] "GET /foo?x=1 HTTP/1.1" 200 123 "-" '
        '"curl/8.5" 0.013 "kubia.example.com" [default/kubia] default/kubia:80 10.244.0.10:8080 '
        "1 8f14e45f\n"
    )


HOSTILE = '\r\n\0\x1b[31m\x7f\x9b\u2028"\\\udcff'


@pytest.mark.parametrize("style", ["json", "text"])
@pytest.mark.parametrize("field", ["method", "target", "host", "request_id", "user_agent"])
def test_nothing_a_client_sends_can_forge_a_line(tmp_path: Path, style: str, field: str) -> None:
    line = logged(tmp_path, style, msgspec.structs.replace(ENTRY, **{field: f"a{HOSTILE}b"}))
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", line[:-1])
    assert line.endswith("\n")
    if style == "json":
        readable = HOSTILE.encode("utf-8", "backslashreplace").decode()
        assert json.loads(line)[field] == f"a{readable}b"
    else:
        assert "a\\x0D\\x0A\\x00\\x1B[31m\\x7F\\x9B\\u2028\\x22\\x5C\\udcffb" in line


def test_lines_wait_for_the_size_or_for_flush(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    log.record(ENTRY, NOW)
    assert pipe.read() == b""
    log.flush()
    line = pipe.read()
    for _ in range(FLUSH_SIZE // len(line) + 1):
        log.record(ENTRY, NOW)
    assert len(pipe.read()) >= FLUSH_SIZE
    log.close()


def test_a_full_pipe_delays_lines_and_loses_none(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    for number in range(1000):
        log.record(msgspec.structs.replace(ENTRY, tries=number), NOW)
    received = b""
    while chunk := pipe.read():
        received += chunk
        log.flush()
    assert [json.loads(line)["tries"] for line in received.splitlines()] == list(range(1000))
    assert log.dropped == 0
    log.close()


def test_a_pipe_that_was_full_is_tried_again_as_lines_come(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    for _ in range(1000):
        log.record(ENTRY, NOW)
    while pipe.read():
        pass
    for _ in range(2 * FLUSH_SIZE // 300):
        log.record(ENTRY, NOW)
    assert pipe.read()
    log.close()


def test_beyond_the_capacity_lines_are_dropped_and_counted(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    written = 0
    while log.dropped < 10:
        log.record(ENTRY, NOW)
        written += 1
    assert written * 350 > CAPACITY
    received = b""
    log.flush()
    while chunk := pipe.read():
        received += chunk
        log.flush()
    lines = [json.loads(line) for line in received.splitlines()]
    assert [line["dropped"] for line in lines if "dropped" in line] == [10]
    assert len(lines) == written - 10 + 1
    log.close()


def test_the_stream_of_others_stays_blocking(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    log.record(ENTRY, NOW)
    log.close()
    assert not fcntl.fcntl(pipe.writer, fcntl.F_GETFL) & os.O_NONBLOCK


def test_workers_that_share_a_pipe_do_not_mix_their_lines(pipe: Pipe) -> None:
    logs = [AccessLog("json", pipe.writer) for _ in range(2)]
    for _ in range(2000):
        for log in logs:
            log.record(ENTRY, NOW)
    received = b""
    while chunk := pipe.read():
        received += chunk
        for log in logs:
            log.flush()
    assert len(received.splitlines()) == 4000
    assert len(set(received.splitlines())) == 1
    for log in logs:
        log.close()


def test_a_line_longer_than_the_pipe_takes_at_once(pipe: Pipe) -> None:
    log = AccessLog("json", pipe.writer)
    log.record(msgspec.structs.replace(ENTRY, target="/" * 200_000), NOW)
    received = b""
    while chunk := pipe.read():
        received += chunk
        log.flush()
    assert len(json.loads(received)["target"]) == 200_000
    log.close()


@pytest.mark.parametrize("size", [1, 200_000])
def test_a_socket_is_never_waited_for(size: int) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        log = AccessLog("json", ours)
        log.record(msgspec.structs.replace(ENTRY, target="/" * size), NOW)
        log.flush()
        received = b""
        while select.select([theirs], [], [], 0)[0]:
            received += theirs.recv(65536)
            log.flush()
        assert len(json.loads(received)["target"]) == size
        log.close()


def test_a_reader_that_is_gone_is_said_once(pipe: Pipe, caplog: pytest.LogCaptureFixture) -> None:
    log = AccessLog("json", pipe.writer)
    pipe.reader.close()
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            log.record(ENTRY, NOW)
            log.flush()
    assert [record.getMessage() for record in caplog.records] == [
        "the access log cannot be written: its reader is gone"
    ]
    assert log.dropped == 3
    log.close()


def test_a_full_disk_keeps_lines_waiting(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_file(tmp_path / "log") as stream:
        log = AccessLog("json", stream)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            for _ in range(10):
                log.record(ENTRY, NOW)
                log.flush()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (tmp_path / "log").stat().st_size == 1000
        log.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [json.loads(line)["status"] for line in lines] == [ENTRY.status] * 10
    assert log.dropped == 0


def test_a_file_keeps_what_others_write(tmp_path: Path) -> None:
    with open_file(tmp_path / "log") as stream:
        log = AccessLog("text", stream)
        stream.write(b"before\n")
        log.record(ENTRY, NOW)
        log.flush()
        stream.write(b"after\n")
        log.close()
    lines = (tmp_path / "log").read_text().splitlines()
    assert [lines[0], lines[2]] == ["before", "after"]
