"""A real folder, watched: every wait is for the source's next batch, bounded by pytest-timeout."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from ingressd.sources.events import Added, Deleted, Event, Modified, Reported, Synced
from ingressd.sources.manifests import ManifestSource

pytestmark = pytest.mark.timeout(20)

Batches = AsyncGenerator[Sequence[Event]]


def service(name: str, kind: str = "ClusterIP") -> str:
    return f"apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{type: {kind}}}\n"


def told(batch: Sequence[Event]) -> list[str]:
    lines = []
    for event in batch:
        match event:
            case Added(resource) | Modified(resource):
                lines.append(f"{type(event).__name__} {resource.key.name}")
            case Deleted(key):
                lines.append(f"Deleted {key.name}")
            case Reported(_, findings):
                lines.append(f"Reported {[finding.code for finding in findings]}")
            case Synced():
                lines.append("Synced")
    return lines


async def after(batches: Batches, change: Callable[[], object]) -> list[str]:
    change()
    return told(await anext(batches))


def save_as_editors_do(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.swp")
    draft.write_text(text)
    os.replace(draft, path)


async def test_files_of_a_folder_come_change_and_go(tmp_path: Path) -> None:
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(service("a"))
    async with aclosing(ManifestSource([str(tmp_path)]).batches()) as batches:
        assert told(await anext(batches)) == ["Added a", "Synced"]
        assert await after(batches, lambda: a.write_text(service("a", "NodePort"))) == [
            "Modified a"
        ]
        both = service("b") + "---\n" + service("c")
        assert await after(batches, lambda: save_as_editors_do(b, both)) == ["Added b", "Added c"]
        assert await after(batches, lambda: save_as_editors_do(b, service("c"))) == ["Deleted b"]
        assert await after(batches, b.unlink) == ["Deleted c"]


async def test_a_broken_file_is_a_finding_until_it_is_repaired(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(service("a"))
    async with aclosing(ManifestSource([str(path)]).batches()) as batches:
        assert told(await anext(batches)) == ["Added a", "Synced"]
        assert await after(batches, lambda: path.write_text("kind: [")) == [
            "Reported ['InvalidDocument']"
        ]
        assert await after(batches, lambda: path.write_text(service("a", "NodePort"))) == [
            "Modified a",
            "Reported []",
        ]


async def test_folders_come_and_go_the_given_one_too(tmp_path: Path) -> None:
    root = tmp_path / "manifests"
    root.mkdir()
    (root / "a.yaml").write_text(service("a"))
    new = tmp_path / "new"
    new.mkdir()
    (new / "b.yaml").write_text(service("b"))
    async with aclosing(ManifestSource([str(root)]).batches()) as batches:
        assert told(await anext(batches)) == ["Added a", "Synced"]
        assert await after(batches, lambda: new.rename(root / "deep")) == ["Added b"]
        changed = service("b", "NodePort")
        assert await after(batches, lambda: (root / "deep/b.yaml").write_text(changed)) == [
            "Modified b"
        ]
        away = tmp_path / "away"
        assert await after(batches, lambda: root.rename(away)) == [
            "Deleted a",
            "Deleted b",
            "Reported ['PathGone']",
        ]
        assert await after(batches, lambda: away.rename(root)) == [
            "Added a",
            "Added b",
            "Reported []",
        ]


async def test_a_link_on_the_way_to_the_path_moves(tmp_path: Path) -> None:
    for release, name in (("one", "a"), ("two", "b")):
        folder = tmp_path / release / "manifests"
        folder.mkdir(parents=True)
        (folder / "shop.yaml").write_text(service(name))
    current = tmp_path / "current"
    current.symlink_to("one")

    def release_two() -> None:
        (tmp_path / "next").symlink_to("two")
        os.replace(tmp_path / "next", current)

    path = str(current / "manifests" / "shop.yaml")
    async with aclosing(ManifestSource([path]).batches()) as batches:
        assert told(await anext(batches)) == ["Added a", "Synced"]
        assert await after(batches, release_two) == ["Deleted a", "Added b"]


async def test_an_edit_behind_a_link_to_a_file_is_seen(tmp_path: Path) -> None:
    real, folder = tmp_path / "real" / "a.yaml", tmp_path / "manifests"
    real.parent.mkdir()
    folder.mkdir()
    real.write_text(service("a"))
    (folder / "a.yaml").symlink_to(real)
    for path in (folder, folder / "a.yaml"):
        async with aclosing(ManifestSource([str(path)]).batches()) as batches:
            assert told(await anext(batches)) == ["Added a", "Synced"]
            assert await after(batches, lambda: real.write_text(service("a", "NodePort"))) == [
                "Modified a"
            ]
        real.write_text(service("a"))


async def test_a_named_pipe_holds_up_nobody_and_gives_way_to_a_file(tmp_path: Path) -> None:
    a, b = tmp_path / "a.yaml", tmp_path / "b.yaml"
    a.write_text(service("a"))
    os.mkfifo(b)
    async with aclosing(ManifestSource([str(a), str(b)]).batches()) as batches:
        assert told(await anext(batches)) == ["Added a", "Reported ['NotAFile']", "Synced"]
        save_as_editors_do(b, service("b"))
        assert told(await anext(batches)) == ["Added b", "Reported []"]
        os.mkfifo(tmp_path / "pipe")
        assert await after(batches, lambda: os.replace(tmp_path / "pipe", b)) == [
            "Reported ['NotAFile']"  # and b stays
        ]
