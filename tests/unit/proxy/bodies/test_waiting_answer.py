"""What waits leaves in the order in which it came, wherever it was."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.proxy.bodies.temporary_files import TemporaryFile, TemporaryFiles
from ingressd.proxy.bodies.waiting_answer import WaitingAnswer
from ingressd.routing.policy import Buffering

KIB = 1024
FILES = TemporaryFiles()
PIECES = st.lists(st.integers(1, 40 * KIB), max_size=30)


def _close(descriptor: int, size: int) -> None:
    os.close(descriptor)


def drained(waiting: WaitingAnswer) -> Iterator[bytes]:
    while waiting:
        yield waiting.take()


@given(st.lists(PIECES, max_size=4), st.sampled_from([0, 50 * KIB, 1 << 30]))
def test_bytes_leave_in_order_whatever_has_room(rounds: list[list[int]], most: int) -> None:
    waiting = WaitingAnswer(Buffering(answer_file=most), FILES)
    for number, sizes in enumerate(rounds):
        sent = b"".join(bytes([number + place]) * size for place, size in enumerate(sizes))
        for place, size in enumerate(sizes):
            waiting.put(bytes([number + place]) * size)
        assert b"".join(drained(waiting)) == sent
        assert not waiting and not waiting.is_full
    waiting.close()


@given(PIECES, PIECES)
def test_more_may_come_while_some_of_it_leaves(first: list[int], then: list[int]) -> None:
    waiting = WaitingAnswer(Buffering(answer_file=100 * KIB), FILES)
    sent, taken = b"", b""
    for turn, size in enumerate([*first, *then]):
        piece = bytes([turn % 251]) * size
        waiting.put(piece)
        sent += piece
        if turn >= len(first):
            taken += waiting.take()
    assert taken + b"".join(drained(waiting)) == sent
    waiting.close()


def test_memory_is_used_first_and_then_a_file_and_then_it_is_full() -> None:
    files = TemporaryFiles()
    waiting = WaitingAnswer(Buffering(buffers=4, buffer_size=32 * KIB, answer_file=KIB), files)
    before = len(os.listdir("/proc/self/fd"))
    waiting.put(bytes(128 * KIB))
    assert len(os.listdir("/proc/self/fd")) == before
    waiting.put(bytes(KIB))
    assert len(os.listdir("/proc/self/fd")) == before + 1
    assert not waiting.is_full
    waiting.put(b"x")
    assert waiting.is_full
    waiting.close()
    files.close()
    assert len(os.listdir("/proc/self/fd")) == before
    assert not waiting


def test_without_room_on_disk_it_is_full_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        FILES, "new", lambda: TemporaryFile(os.open("/dev/full", os.O_RDWR), _close)
    )
    waiting = WaitingAnswer(Buffering(), FILES)
    waiting.put(bytes(64 * KIB))
    with caplog.at_level(logging.ERROR):
        waiting.put(b"rest")
    assert waiting.is_full
    assert b"".join(drained(waiting)) == bytes(64 * KIB) + b"rest"
    assert "No space left" in caplog.text
    waiting.close()


def test_without_a_folder_it_is_full_once_memory_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    waiting = WaitingAnswer(Buffering(), TemporaryFiles())
    waiting.put(bytes(64 * KIB))
    assert not waiting.is_full
    waiting.put(b"x")
    assert waiting.is_full
