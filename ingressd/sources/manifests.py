"""Manifest files as a source: read at the start, then watched.

A change on disk is only a hint to look again: what is read is decided by comparing the files with
what was read before, so that no rename, symbolic link or lost notification can leave a file stale.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing

from watchfiles import awatch

from ingressd.sources.events import Event, KindState, Synced
from ingressd.sources.manifest_contents import MAX_FILE_BYTES, Contents, Holdings, read_contents
from ingressd.sources.manifest_listing import (
    STDIN_NAME,
    FileState,
    Listing,
    UnusableInput,
    check_paths,
    list_manifests,
)
from ingressd.sources.manifest_saves import MAX_WAIT_SECONDS, STEP_MS, Saves

__all__ = ["ManifestSource", "UnusableInput", "load"]


def load(paths: Sequence[str]) -> tuple[Event, ...]:
    """Everything the paths hold now, then Synced; raises UnusableInput where one does not exist."""
    return (*ManifestReader(paths).scan(), Synced())


class ManifestReader:
    """Remembers what it read and tells what changed since; blocking, for one thread at a time."""

    def __init__(self, paths: Sequence[str]) -> None:
        check_paths(paths)
        self._paths = tuple(paths)
        self._targets = tuple(os.path.abspath(path) for path in paths)
        self._holdings = Holdings()
        self._states: dict[str, FileState | None] = {}
        self._files: frozenset[str] = frozenset()
        self._folders: frozenset[str] = frozenset()
        self._linked: frozenset[str] = frozenset()
        self.watched: dict[str, tuple[int, int]] = {}

    def scan(self, touched: frozenset[str] = frozenset()) -> list[Event]:
        """Look at every file, read those that changed or whose absolute path is in ``touched``."""
        listing = list_manifests(self._paths)
        changes: dict[str, Contents | None] = {
            name: read_contents(name, _reading(name), self._holdings.contents(name))
            for name, state in listing.files.items()
            if self._is_stale(name, state, touched)
        }
        gone = [name for name in self._holdings.names if _is_gone(name, listing)]
        changes.update(dict.fromkeys(gone))
        self._states = listing.files
        self._files = frozenset(map(os.path.abspath, listing.files))
        self._folders = frozenset(listing.folders)
        self._linked = listing.linked
        self.watched = listing.watched
        return self._holdings.replace(changes, listing.findings)

    def concerns(self, path: str) -> bool:
        """Whether a change at an absolute path can matter: the folders above have other users."""
        folder, name = os.path.split(path)
        if folder in self._folders or name.startswith(".."):  # ..data of a mounted ConfigMap
            return True
        if path in self._linked:
            return True
        return any(target == path or target.startswith(path + os.sep) for target in self._targets)

    def is_read(self, path: str) -> bool:
        """Whether an absolute path is a file that was read, or leads to some."""
        return path in self._files or path in self._linked or path in self.watched

    def _is_stale(self, name: str, state: FileState | None, touched: frozenset[str]) -> bool:
        """Written twice within one tick of the clock a file looks unchanged: hence ``touched``."""
        if name not in self._states or self._states[name] != state:
            return True
        if state is None or not touched:
            return False
        return os.path.abspath(name) in touched or os.path.realpath(name) in touched


class ManifestSource:
    """Files, folders and stdin ("-"), watched. Raises UnusableInput where a path does not exist."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._reader = ManifestReader(paths)

    @property
    def states(self) -> Sequence[KindState]:
        """None: a file that cannot be read is a finding."""
        return ()

    async def batches(self) -> AsyncGenerator[Sequence[Event]]:
        """Everything that is there and ``Synced`` as one batch, then one for every change."""
        yield [*await asyncio.to_thread(self._reader.scan), Synced()]
        while True:
            async with aclosing(self._until_folders_change()) as batches:
                async for events in batches:
                    yield events

    async def _until_folders_change(self) -> AsyncGenerator[Sequence[Event]]:
        """Watch the folders of the last scan, until a scan finds others."""
        watched = self._reader.watched
        async with aclosing(_touched_paths(self._reader)) as changes:
            async for touched in changes:
                if events := await asyncio.to_thread(self._reader.scan, touched):
                    yield events
                if self._reader.watched != watched:
                    return


async def _touched_paths(reader: ManifestReader) -> AsyncGenerator[frozenset[str]]:
    """Absolute paths that changed. The first set is empty and comes once the watch stands:

    what happened between the last scan and the watch is found by scanning then.
    """
    stop = asyncio.Event()
    changes = awatch(
        # One that went meanwhile is seen by the first scan. watchfiles could ignore the others by
        # itself, but would then also ignore that the kernel grants no more watches.
        *(folder for folder in reader.watched if os.access(folder, os.R_OK)),
        watch_filter=lambda _, path: reader.concerns(path),
        debounce=round(MAX_WAIT_SECONDS * 1000),
        step=STEP_MS,
        stop_event=stop,
        recursive=False,
    )
    saves = Saves(changes, reader.is_read)
    try:
        await asyncio.sleep(0)  # awatch starts to watch in its first step
        yield frozenset()
        while (touched := await saves.next()) is not None:
            yield touched
    finally:
        stop.set()
        await saves.close()


def _is_gone(name: str, listing: Listing) -> bool:
    if name in listing.files:
        return False
    return not any(name == path or name.startswith(path + os.sep) for path in listing.unlisted)


def _reading(name: str) -> Callable[[], bytes]:
    return sys.stdin.buffer.read if name == STDIN_NAME else lambda: _read_file(name)


def _read_file(name: str) -> bytes:
    with open(name, "rb") as file:
        return file.read(MAX_FILE_BYTES + 1)
