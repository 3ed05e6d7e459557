from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ingressd.resources.finding import Severity
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


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(path))


def a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("is_given", [True, False], ids=["given", "within a folder"])
@pytest.mark.parametrize(
    ("make", "sort"),
    [(a_pipe, "named pipe"), (a_socket, "socket"), (a_device, "device")],
)
def test_what_is_no_file_is_a_finding_and_is_not_read(
    tmp_path: Path, make: Callable[[Path], None], sort: str, is_given: bool
) -> None:
    fill(tmp_path, "a.yaml")
    special = tmp_path / "b.yaml"
    make(special)
    paths = [str(tmp_path / "a.yaml"), str(special)] if is_given else [str(tmp_path)]
    listing = list_manifests(paths)
    assert listed(tmp_path, listing) == ["a.yaml"]
    assert listing.unlisted == (str(special),)
    (finding,) = listing.findings[str(special)]
    assert (finding.code, finding.severity) == ("NotAFile", Severity.ERROR)
    assert f"is a {sort}" in finding.message and "| ingressd run" in finding.remedy


def test_a_pipe_without_the_name_of_a_manifest_is_nobodys_business(tmp_path: Path) -> None:
    fill(tmp_path, "a.yaml")
    a_pipe(tmp_path / "queue")
    listing = list_manifests([str(tmp_path)])
    assert (listed(tmp_path, listing), codes(listing)) == (["a.yaml"], [])


def test_a_pipe_of_the_shell_is_a_file_without_state() -> None:
    reading, writing = os.pipe()
    try:
        path = f"/dev/fd/{reading}"
        assert list_manifests([path]).files == {path: None}
    finally:
        os.close(reading)
        os.close(writing)
