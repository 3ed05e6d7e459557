from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import pytest
from watchfiles import Change

from ingressd.sources.manifest_saves import FileChange, Saves

OTHER = "/manifests/other.yaml"


async def batches(*batches: set[FileChange]) -> AsyncGenerator[set[FileChange], None]:
    """One right after the other, so that who waits for quiet gets them together."""
    for each in batches:
        yield each


async def first_save(
    change: FileChange, is_read: Callable[[str], bool] = lambda _: True, now: float = 1000.0
) -> frozenset[str] | None:
    """What is told of a change that is followed by another one at once."""
    saves = Saves(batches({change}, {(Change.added, OTHER)}), is_read, lambda: now)
    try:
        return await saves.next()
    finally:
        await saves.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file that was written at 1000.0."""
    path = tmp_path / "shop.yaml"
    path.write_text("")
    os.utime(path, (1000.0, 1000.0))
    return str(path)


async def test_what_is_moved_into_its_place_is_read_at_once(path: str) -> None:
    assert await first_save((Change.added, path), now=1000.006) == {path}


@pytest.mark.parametrize(
    ("now", "is_whole"), [(1000.006, False), (1000.049, False), (1000.051, True)]
)
async def test_what_was_never_read_may_still_be_written(
    path: str, now: float, is_whole: bool
) -> None:
    told = await first_save((Change.added, path), is_read=lambda _: False, now=now)
    assert told == ({path} if is_whole else {path, OTHER})


async def test_a_file_beside_the_manifests_that_is_written_on_is_waited_for(path: str) -> None:
    told = await first_save((Change.modified, path), is_read=lambda _: False, now=1000.01)
    assert told == {path, OTHER}


async def test_what_has_just_been_written_may_not_be_complete(path: str) -> None:
    assert await first_save((Change.added, path), now=1000.001) == {path, OTHER}


@pytest.mark.parametrize("change", [Change.modified, Change.deleted])
async def test_who_changes_a_file_that_is_read_first_has_to_be_quiet(
    path: str, change: Change
) -> None:
    assert await first_save((change, path)) == {path, OTHER}


@pytest.mark.parametrize("change", Change)
async def test_a_draft_delays_nothing(path: str, change: Change) -> None:
    draft = f"{path}.tmp"
    assert await first_save((change, draft), is_read=lambda name: name == path) == {draft}


async def test_the_end_is_told_once_all_else_is(path: str) -> None:
    saves = Saves(batches({(Change.modified, path)}), lambda _: True)
    assert [await saves.next(), await saves.next()] == [{path}, None]
