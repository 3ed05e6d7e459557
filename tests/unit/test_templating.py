from __future__ import annotations

from pathlib import Path

from ingressd.templating import template_folders


def test_the_folder_of_the_flag_comes_first(tmp_path: Path) -> None:
    assert template_folders(str(tmp_path)) == [tmp_path, *template_folders()]


def test_our_own_templates_are_found() -> None:
    names = {path.name for folder in template_folders() for path in folder.iterdir()}

    assert {"error.html.j2", "dashboard.html.j2"} <= names


def test_a_folder_that_does_not_exist_is_left_out(tmp_path: Path) -> None:
    assert template_folders(str(tmp_path / "gone")) == template_folders()
