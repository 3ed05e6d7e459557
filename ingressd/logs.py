"""Log lines, JSON or text, written by a thread: a blocked pipe never blocks an event loop.

Lines that find no room, or a full disk, are dropped; they are counted, and the next line that is
written says how many there were.
"""

from __future__ import annotations

import atexit
import logging
import queue
import sys
import threading
import time
from typing import TextIO

import msgspec

QUEUED_LINES = 10_000
"""Lines kept for a reader that is slow."""

EXIT_PATIENCE = 1.0
"""Seconds that an exit waits for the last lines to be read."""


class LineWriter:
    """Writes lines to a stream from a thread of its own. ``dropped`` are those lost so far, and
    ``is_failing`` is whether the last one was.
    """

    def __init__(self, stream: TextIO, capacity: int = QUEUED_LINES) -> None:
        self._stream = stream
        self._lines: queue.Queue[str] = queue.Queue(capacity)
        self.dropped = 0
        self.is_failing = False
        threading.Thread(target=self._run, name="log writer", daemon=True).start()

    def write(self, line: str) -> None:
        """Queue one line, or count it as dropped where the reader is too slow."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1

    def flush(self, timeout: float = EXIT_PATIENCE) -> None:
        """Wait until every queued line is written, at most ``timeout`` seconds."""
        with self._lines.all_tasks_done:
            self._lines.all_tasks_done.wait_for(self._is_idle, timeout)

    def _is_idle(self) -> bool:
        return not self._lines.unfinished_tasks

    def _run(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._stream.write(line + "\n")
                self._stream.flush()
                self.is_failing = False
            except (OSError, ValueError):  # nobody reads, or the disk is full: no place to say so
                self.dropped += 1
                self.is_failing = True
            finally:
                self._lines.task_done()


class _LineHandler(logging.Handler):
    """Formats records in the caller, which is cheap, and leaves the writing to a LineWriter."""

    def __init__(self, writer: LineWriter) -> None:
        super().__init__()
        self._writer = writer
        self._told = 0

    @property
    def lost(self) -> int:
        """Lines lost so far."""
        return self._writer.dropped

    def emit(self, record: logging.LogRecord) -> None:
        dropped = self._writer.dropped - self._told
        if dropped and not self._writer.is_failing:
            self._told += dropped
            self._writer.write(self.format(_dropped_record(dropped)))
        self._writer.write(self.format(record))

    def flush(self) -> None:
        self._writer.flush()


class _JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _timestamp(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


class _TextFormatter(logging.Formatter):
    """``2026-07-01T12:00:00.000Z INFO message``, with a traceback below where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_timestamp(record)} {record.levelname} {record.getMessage()}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def configure_logs(log_format: str, stream: TextIO | None = None) -> None:
    """Send INFO and up to ``stream`` (standard error), as ``json`` or as ``text``."""
    writer = LineWriter(stream or sys.stderr)
    handler = _LineHandler(writer)
    handler.setFormatter(_JsonFormatter() if log_format == "json" else _TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it tells of every edit
    atexit.register(writer.flush)


def lost_lines() -> int:
    """Lines of this process's log that nobody will read."""
    handlers = logging.getLogger().handlers
    return sum(handler.lost for handler in handlers if isinstance(handler, _LineHandler))


def _dropped_record(count: int) -> logging.LogRecord:
    message = "%d log lines were dropped: the log's reader is too slow, or its disk is full"
    return logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, (count,), None)


def _timestamp(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03d}Z"
