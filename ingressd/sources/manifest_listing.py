"""Which files and folders are behind the paths that were given, and the state each file is in."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

STDIN = "-"
STDIN_NAME = "stdin"
SUFFIXES = (".yaml", ".yml", ".json")

_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
_HELM_CHART = "Chart.yaml"
_MAX_LINKS = 40  # as many as Linux follows
_SPECIAL = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}


class UnusableInput(Exception):
    """A path that was given cannot be read at all."""


class FileState(NamedTuple):
    """What changes when a file does: written in place, replaced, or its symbolic link moved."""

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


class Listing(Struct, frozen=True):
    """What the paths lead to now.

    ``files`` maps each name, as the user would write it, to its state; None is a file that can be
    read only once (stdin, a pipe of the shell). ``folders`` are those that are read, ``above``
    those on the way to the paths, each with (device, inode): both must be watched. ``linked`` are
    the absolute paths that symbolic links to files go through; their folders are among those above.
    ``unlisted`` are folders and links behind which there is something that cannot be seen now, and
    what is no file.
    """

    files: dict[str, FileState | None]
    folders: dict[str, tuple[int, int]]
    above: dict[str, tuple[int, int]]
    linked: frozenset[str]
    unlisted: tuple[str, ...]
    findings: dict[str, tuple[Finding, ...]]

    @property
    def watched(self) -> dict[str, tuple[int, int]]:
        """Every folder where something can happen that changes the listing."""
        return {**self.above, **self.folders}


def check_paths(paths: Iterable[str]) -> None:
    """Raise UnusableInput, with every reason, where a path does not exist."""
    missing = [path for path in paths if path != STDIN and not os.path.exists(path)]
    if missing:
        raise UnusableInput("; ".join(f"{path}: no such file or folder" for path in missing))


def list_manifests(paths: Iterable[str]) -> Listing:
    """Follow the paths; a file that several of them lead to counts once. Raises nothing."""
    walk = _Walk()
    for path in paths:
        walk.start(path)
    return Listing(
        files=dict(sorted(walk.files.items())),
        folders=walk.folders,
        above=walk.above,
        linked=frozenset(walk.linked),
        unlisted=tuple(walk.unlisted),
        findings={unit: tuple(found) for unit, found in walk.findings.items()},
    )


class _Walk:
    def __init__(self) -> None:
        self.files: dict[str, FileState | None] = {}
        self.folders: dict[str, tuple[int, int]] = {}
        self.above: dict[str, tuple[int, int]] = {}
        self.linked: set[str] = set()
        self.unlisted: list[str] = []
        self.findings: dict[str, list[Finding]] = {}
        self._entered: set[tuple[int, int]] = set()
        self._seen: set[str] = set()

    def start(self, path: str) -> None:
        if path == STDIN:
            self.files[STDIN_NAME] = None
            return
        self._watch_above(path)
        try:
            status = os.stat(path)
        except OSError as error:
            self._report(path, "PathGone", f"cannot be found: {error.strerror}", "restore it")
            return
        if stat.S_ISDIR(status.st_mode):
            before = len(self.files) + len(self.findings)
            self._folder(path, status)
            if len(self.files) + len(self.findings) == before:
                self._report_empty(path)
        else:
            self._file(path, status)

    def _watch_above(self, path: str) -> None:
        """There the path comes and goes, or a symbolic link on the way to it is moved."""
        for folder in Path(os.path.abspath(path)).parents:
            self._watch(folder)

    def _watch(self, folder: Path) -> None:
        try:
            status = folder.stat()
        except OSError:
            return  # those that are missing are noticed by the nearest that exists
        self.above[str(folder)] = (status.st_dev, status.st_ino)

    def _watch_behind(self, link: str) -> None:
        """Where a link to a file leads, link by link: an edit there shows in no other folder."""
        for _ in range(_MAX_LINKS):
            try:
                target = os.readlink(link)
            except OSError:
                return  # no link, or gone meanwhile: then the folder it was in has changed
            link = os.path.abspath(os.path.join(os.path.dirname(link), target))
            self.linked.add(link)
            self._watch(Path(link).parent)

    def _folder(self, path: str, status: os.stat_result) -> None:
        identity = (status.st_dev, status.st_ino)
        if identity in self._entered:  # by a symbolic link, or given twice
            return
        self._entered.add(identity)
        self.folders[os.path.abspath(path)] = identity
        try:
            names = sorted(os.listdir(path))
        except OSError as error:
            self.unlisted.append(path)
            message = f"cannot be listed: {error.strerror}; its last known objects stay in use"
            self._report(path, "UnreadableFolder", message, "allow ingressd to read it")
            return
        if _HELM_CHART in names:
            remedy = f"render it first: helm template {path} | ingressd run --manifests -"
            self._report(path, "UnrenderedTemplate", "is a Helm chart and is not read", remedy)
            return
        for name in _visible(names):
            self._entry(os.path.join(path, name))

    def _entry(self, path: str) -> None:
        if os.path.basename(path) in _KUSTOMIZATIONS:
            message = "is not applied: the files beside it are read as they are"
            remedy = "for what it makes of them: kubectl kustomize DIR | ingressd run --manifests -"
            self._report(path, "KustomizationIgnored", message, remedy, Severity.INFO)
            return
        try:
            status = os.stat(path)
        except OSError as error:
            if path.endswith(SUFFIXES):
                self.unlisted.append(path)
                message = f"cannot be read: {error.strerror}; its last objects stay in use"
                self._report(path, "UnreadableFile", message, "repair or remove it")
            return
        if stat.S_ISDIR(status.st_mode):
            self._folder(path, status)
        elif path.endswith(SUFFIXES):
            self._file(path, status)

    def _file(self, path: str, status: os.stat_result) -> None:
        absolute = os.path.abspath(path)
        if absolute in self._seen:
            return
        self._seen.add(absolute)
        if stat.S_ISREG(status.st_mode):
            self.files[path] = _state(status)
            self._watch_behind(absolute)
        elif _is_pipe_of_shell(path, status):
            self.files[path] = None
        else:
            self._report_special(path, status)

    def _report_special(self, path: str, status: os.stat_result) -> None:
        """What is opened or read here may wait for ever, and nobody can tell when it changes."""
        self.unlisted.append(path)
        sort = _SPECIAL.get(stat.S_IFMT(status.st_mode), "special file")
        message = f"is a {sort}, not a file: it is not read; what was read before stays in use"
        remedy = "put a file there; for what a program writes: PROGRAM | ingressd run --manifests -"
        self._report(path, "NotAFile", message, remedy)

    def _report_empty(self, path: str) -> None:
        message = f"holds no manifest ({', '.join('*' + suffix for suffix in SUFFIXES)})"
        remedy = "put manifests into it, or give another path"
        self._report(path, "NoManifests", message, remedy, Severity.WARNING)

    def _report(
        self, path: str, code: str, message: str, remedy: str, severity: Severity = Severity.ERROR
    ) -> None:
        kind = "Folder" if os.path.isdir(path) else "File"
        subject = ObjectKey(kind, "", path)
        finding = Finding(severity, code, subject, "", message, remedy, path)
        self.findings.setdefault(path, []).append(finding)


def _is_pipe_of_shell(path: str, status: os.stat_result) -> bool:
    """Whether it is what ``<(command)`` or ``|`` make: it has a writer, and a name in no folder."""
    return stat.S_ISFIFO(status.st_mode) and not os.path.lexists(os.path.realpath(path))


def _visible(names: Iterable[str]) -> Iterator[str]:
    """Without hidden names: also the ``..data`` of a mounted ConfigMap, whose files are linked."""
    return (name for name in names if not name.startswith("."))


def _state(status: os.stat_result) -> FileState:
    return FileState(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
    )
