from __future__ import annotations

import errno
import io
import logging
import threading
from collections.abc import Iterator

import msgspec
import pytest

from ingressd.logs import LineWriter, configure_logs, lost_lines


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream to configure logs with; the root logger is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


class _BlockedStream(io.StringIO):
    """A pipe that nobody reads until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.released = threading.Event()

    def write(self, text: str) -> int:
        self.entered.set()
        self.released.wait()
        return super().write(text)


def _written(stream: io.StringIO) -> str:
    for handler in logging.getLogger().handlers:
        handler.flush()
    return stream.getvalue()


def test_json_lines_hold_time_level_and_message(stream: io.StringIO) -> None:
    configure_logs("json", stream)
    logging.getLogger("ingressd.test").warning("%s is\ngone", "web")
    (line,) = _written(stream).splitlines()
    entry = msgspec.json.decode(line)

    assert entry["level"] == "warning"
    assert entry["logger"] == "ingressd.test"
    assert entry["message"] == "web is\ngone"
    assert entry["time"].endswith("Z")


def test_text_lines_are_for_people(stream: io.StringIO) -> None:
    configure_logs("text", stream)
    logging.getLogger("ingressd.test").info("ready")

    assert _written(stream).endswith("Z INFO ready\n")


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_exception_brings_its_traceback(stream: io.StringIO, log_format: str) -> None:
    configure_logs(log_format, stream)
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("ingressd.test").exception("failed")

    assert "ValueError: why" in _written(stream)


def test_a_blocked_reader_blocks_nobody_and_what_is_lost_is_counted() -> None:
    blocked = _BlockedStream()
    writer = LineWriter(blocked, capacity=2)
    writer.write("first")
    blocked.entered.wait()
    for line in ("second", "third", "lost", "lost too"):
        writer.write(line)
    assert writer.dropped == 2

    blocked.released.set()
    writer.flush()
    assert blocked.getvalue() == "first\nsecond\nthird\n"


def test_a_reader_that_is_gone_ends_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    writer = LineWriter(closed)
    writer.write("one")
    writer.flush()

    assert writer.dropped == 1


class _FullDisk(io.StringIO):
    is_full = True

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_what_a_full_disk_cost_is_said_once_it_has_room(stream: io.StringIO) -> None:
    disk = _FullDisk()
    configure_logs("text", disk)
    log = logging.getLogger("ingressd.test")
    for _ in range(3):
        log.info("lost")
        _written(disk)
    assert lost_lines() == 3
    disk.is_full = False
    log.info("one")
    _written(disk)
    log.info("two")

    assert [line.split(" ", 2)[2] for line in _written(disk).splitlines()] == [
        "one",
        "3 log lines were dropped: the log's reader is too slow, or its disk is full",
        "two",
    ]
    assert lost_lines() == 3


def test_watching_of_files_is_not_told_edit_by_edit(stream: io.StringIO) -> None:
    configure_logs("text", stream)
    logging.getLogger("watchfiles.main").info("1 change detected")
    logging.getLogger("watchfiles.main").warning("a warning")
    assert "1 change" not in _written(stream)
    assert "a warning" in _written(stream)
