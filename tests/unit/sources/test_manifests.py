from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingressd.sources.events import Added, Deleted, Modified, Reported, Synced
from ingressd.sources.manifest_listing import list_manifests
from ingressd.sources.manifests import ManifestReader, ManifestSource, UnusableInput, load

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"


def test_load_gives_objects_then_findings_then_synced(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SERVICE % "a")
    (tmp_path / "b.yaml").write_text("kind: [")
    added, reported, synced = load([str(tmp_path)])
    assert isinstance(added, Added) and added.origin == str(tmp_path / "a.yaml")
    assert isinstance(reported, Reported) and reported.unit == str(tmp_path / "b.yaml")
    assert synced == Synced()


def test_origins_are_relative_where_the_path_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.yaml").write_text(SERVICE % "a" + "---\n" + SERVICE % "b")
    monkeypatch.chdir(tmp_path)
    origins = [event.origin for event in load(["shop.yaml"]) if isinstance(event, Added)]
    assert origins == ["shop.yaml, document 1", "shop.yaml, document 2"]


def test_stdin_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO((SERVICE % "a").encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    reader = ManifestReader(["-"])
    (added,) = reader.scan()
    assert isinstance(added, Added) and added.origin == "stdin"
    assert reader.scan() == []


def test_a_missing_path_is_unusable(tmp_path: Path) -> None:
    for start in (load, ManifestSource):
        with pytest.raises(UnusableInput, match="nowhere"):
            start([str(tmp_path / "nowhere")])


def test_a_write_within_one_tick_of_the_clock_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SERVICE % "a")
    reader = ManifestReader([str(path)])
    reader.scan()
    path.write_text(SERVICE % "b")
    reader._states = list_manifests([str(path)]).files  # as if both writes left the same state
    assert reader.scan() == []
    events = reader.scan(frozenset({str(path)}))
    assert [type(event) for event in events] == [Deleted, Added]


def test_a_moved_link_changes_every_file_behind_it(tmp_path: Path) -> None:
    for version in ("1", "2"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "a.yaml").write_text(
            SERVICE % "a" + f"spec: {{type: Type{version}}}\n"
        )
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    reader = ManifestReader([str(tmp_path)])
    reader.scan()
    (tmp_path / "..new").symlink_to("..2")
    os.replace(tmp_path / "..new", tmp_path / "..data")
    (event,) = reader.scan()
    assert isinstance(event, Modified) and event.resource.spec.type == "Type2"  # type: ignore[attr-defined]


def test_only_changes_that_can_matter_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.yaml").write_text(SERVICE % "a")
    reader = ManifestReader([str(tmp_path / "in")])
    reader.scan()
    assert reader.concerns(str(tmp_path / "in" / "new"))
    assert reader.concerns(str(tmp_path / "in"))
    assert reader.concerns(str(tmp_path))
    assert reader.concerns(str(tmp_path / "..data"))
    assert not reader.concerns(str(tmp_path / "other.yaml"))


def test_files_links_and_folders_are_read_but_not_what_stands_beside_them(tmp_path: Path) -> None:
    shown = tmp_path / "in"
    shown.mkdir()
    (tmp_path / "target").write_text(SERVICE % "a")
    (shown / "a.yaml").symlink_to(tmp_path / "target")
    (shown / "a.yaml.tmp").touch()
    reader = ManifestReader([str(shown)])
    reader.scan()
    for path in (shown / "a.yaml", tmp_path / "target", shown, tmp_path):
        assert reader.is_read(str(path))
    assert not reader.is_read(str(shown / "a.yaml.tmp"))


def test_a_link_that_breaks_keeps_its_objects_and_a_removed_one_does_not(tmp_path: Path) -> None:
    (tmp_path / "target").write_text(SERVICE % "a")
    (tmp_path / "a.yaml").symlink_to("target")
    reader = ManifestReader([str(tmp_path)])
    reader.scan()
    (tmp_path / "target").unlink()
    (reported,) = reader.scan()
    assert isinstance(reported, Reported)
    assert [finding.code for finding in reported.findings] == ["UnreadableFile"]
    (tmp_path / "a.yaml").unlink()
    assert [type(event) for event in reader.scan()] == [Deleted, Reported, Reported]
