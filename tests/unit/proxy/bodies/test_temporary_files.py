"""Files without a name, and how the program does without them."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

import pytest

from ingressd.proxy.bodies.temporary_files import (
    MOST_SPARE,
    PIECE,
    SPARE_SIZE,
    TemporaryFile,
    TemporaryFiles,
)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_what_is_written_is_read_back_piece_by_piece() -> None:
    file = TemporaryFiles().new()
    data = os.urandom(2 * PIECE + 5)
    file.append(data[:7])
    file.append(memoryview(data)[7:])
    assert file.size == len(data)
    assert [len(piece) for piece in file.pieces()] == [PIECE, PIECE, 5]
    assert b"".join(file.pieces()) == data
    assert file.read(len(data)) == b""
    file.clear()
    assert (file.size, list(file.pieces())) == (0, [])
    file.close()


def test_it_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = TemporaryFiles().new()
    file.append(b"secret")
    assert list(tmp_path.iterdir()) == []
    file.close()


def test_one_that_is_shared_is_there_until_both_let_go() -> None:
    before = open_descriptors()
    files = TemporaryFiles()
    file = files.new()
    file.append(b"abc")
    shared = file.share()
    file.close()
    other = files.new()
    other.append(b"xyz")
    assert b"".join(shared.pieces()) == b"abc"
    shared.close()
    other.close()
    files.close()
    assert open_descriptors() == before


def test_one_is_used_again_and_nothing_of_its_first_use_is_seen() -> None:
    before = open_descriptors()
    files = TemporaryFiles()
    file = files.new()
    file.append(bytes(2 * SPARE_SIZE))
    file.close()
    assert open_descriptors() == before + 1
    again = files.new()
    assert open_descriptors() == before + 1
    assert list(again.pieces()) == []
    again.append(b"abc")
    assert list(again.pieces()) == [b"abc"]
    again.close()
    many = [files.new() for _ in range(MOST_SPARE + 5)]
    for each in many:
        each.close()
    assert open_descriptors() == before + MOST_SPARE
    files.close()
    assert open_descriptors() == before


def test_a_disk_that_is_full_leaves_what_was_there() -> None:
    with open("/dev/full", "r+b", buffering=0) as full:
        file = TemporaryFile(os.dup(full.fileno()), lambda descriptor, size: os.close(descriptor))
    with pytest.raises(OSError, match="No space left"):
        file.append(b"x")
    assert file.size == 0
    file.close()


def test_one_that_lost_its_end_is_not_taken_for_a_whole_one() -> None:
    file = TemporaryFiles().new()
    file.append(b"abc")
    os.ftruncate(file._descriptor, 0)
    with pytest.raises(OSError, match="shorter"):
        list(file.pieces())
    file.close()


def test_that_there_is_no_place_for_them_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    files = TemporaryFiles()
    with caplog.at_level(logging.WARNING):
        assert not files.is_possible
        assert not files.is_possible
    assert len(caplog.records) == 1
    assert "TMPDIR" in caplog.text
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert TemporaryFiles().is_possible
