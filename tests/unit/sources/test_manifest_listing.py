from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingressd.sources.manifest_listing import Listing, UnusableInput, check_paths, list_manifests


def listed(root: Path, listing: Listing) -> list[str]:
    return [os.path.relpath(name, root) for name in listing.files]


def codes(listing: Listing) -> list[str]:
    return [finding.code for found in listing.findings.values() for finding in found]


def fill(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def test_manifests_are_found_at_any_depth(tmp_path: Path) -> None:
    fill(tmp_path, "b.yaml", "a.yml", "deep/er/c.json", "note.txt", ".hidden.yaml", ".git/x.yaml")
    listing = list_manifests([str(tmp_path)])
    assert listed(tmp_path, listing) == ["a.yml", "b.yaml", "deep/er/c.json"]
    assert codes(listing) == []
    assert str(tmp_path / "deep/er") in listing.folders
    assert str(tmp_path / ".git") not in listing.watched
    assert str(tmp_path.parent) in listing.watched


def test_a_file_that_is_named_is_read_whatever_its_suffix_and_only_once(tmp_path: Path) -> None:
    fill(tmp_path, "shop.txt", "a.yaml")
    paths = [str(tmp_path / "shop.txt"), str(tmp_path / "a.yaml"), str(tmp_path)]
    assert listed(tmp_path, list_manifests(paths)) == ["a.yaml", "shop.txt"]


def test_stdin_is_a_file_without_state() -> None:
    assert list_manifests(["-"]).files == {"stdin": None}


def test_a_mounted_config_map(tmp_path: Path) -> None:
    fill(tmp_path, "..2026/shop.yaml")
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "shop.yaml").symlink_to("..data/shop.yaml")
    assert listed(tmp_path, list_manifests([str(tmp_path)])) == ["shop.yaml"]


def test_a_folder_that_links_to_itself_is_entered_once(tmp_path: Path) -> None:
    fill(tmp_path, "a.yaml")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert listed(tmp_path, list_manifests([str(tmp_path)])) == ["a.yaml"]


def test_the_folders_behind_links_to_files_are_watched(tmp_path: Path) -> None:
    fill(tmp_path, "real/a.yaml", "manifests/b.yaml")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "step").symlink_to(tmp_path / "real" / "a.yaml")
    (tmp_path / "manifests" / "a.yaml").symlink_to("../other/step")
    listing = list_manifests([str(tmp_path / "manifests")])
    assert listing.linked == {str(tmp_path / "other/step"), str(tmp_path / "real/a.yaml")}
    assert {str(tmp_path / "other"), str(tmp_path / "real")} <= listing.watched.keys()


def test_a_broken_link_is_a_finding(tmp_path: Path) -> None:
    fill(tmp_path, "a.yaml")
    (tmp_path / "b.yaml").symlink_to("nowhere")
    listing = list_manifests([str(tmp_path)])
    assert codes(listing) == ["UnreadableFile"]
    assert listing.unlisted == (str(tmp_path / "b.yaml"),)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["kustomization.yaml", "a.yaml"], "KustomizationIgnored"),
        (["Chart.yaml", "templates/a.yaml"], "UnrenderedTemplate"),
        (["note.txt"], "NoManifests"),
    ],
)
def test_folders_that_deserve_a_word(tmp_path: Path, names: list[str], code: str) -> None:
    fill(tmp_path, *names)
    listing = list_manifests([str(tmp_path)])
    assert codes(listing) == [code]
    assert listed(tmp_path, listing) == [name for name in names if name == "a.yaml"]


def test_a_path_that_went_is_a_finding_and_at_the_start_an_error(tmp_path: Path) -> None:
    path = str(tmp_path / "gone" / "shop.yaml")
    assert codes(list_manifests([path])) == ["PathGone"]
    with pytest.raises(UnusableInput, match=r"shop\.yaml: no such file or folder"):
        check_paths(["-", path])
