"""What the documentation says of annotations and ConfigMap keys is printed from their tables.

``deploy/annotations.md`` and ``deploy/configmap.md`` are all of it, and README.md has the names of
annotations between two marks. To write them anew, set INGRESSD_UPDATE_GOLDEN=1 and run the tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ingressd.cli.rendering.annotations import annotations_markdown
from ingressd.cli.rendering.configmap import configmap_markdown
from ingressd.compiler.annotations.row import Row, Support
from ingressd.compiler.annotations.table import OWN, ROWS, SUBJECTS, Subject
from ingressd.compiler.settings import DEFAULT_ANNOTATIONS_PREFIX

ROOT = Path(__file__).parents[2]
START, END = "<!-- annotations -->\n", "<!-- /annotations -->"


def test_annotations_are_documented_as_they_are() -> None:
    holds(ROOT / "deploy" / "annotations.md", annotations_markdown(DEFAULT_ANNOTATIONS_PREFIX))


def test_configmap_keys_are_documented_as_they_are() -> None:
    holds(ROOT / "deploy" / "configmap.md", configmap_markdown())


def test_readme_names_each_annotation_by_its_state() -> None:
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(START)
    _, _, after = rest.partition(END)
    holds(readme, f"{before}{START}{summary()}{END}{after}")


def holds(document: Path, expected: str) -> None:
    """Assert what a document says, or write it."""
    if "INGRESSD_UPDATE_GOLDEN" in os.environ:
        document.write_text(expected)
    assert document.read_text() == expected


def summary() -> str:
    """What is honoured of every subject, and a line for each other state."""
    lines = ["| about | honoured |", "|---|---|", *map(line, SUBJECTS)]
    for state in (Support.NO_OP, Support.NOT_YET, Support.NEVER):
        lines += ["", f"{state.value.capitalize()}: {', '.join(names(ROWS, state))}."]
    own = ", ".join(names(OWN.rows, Support.HONOURED))
    lines += ["", f"Under `{OWN.prefix}/`, for what snippets were used for: {own}."]
    return "\n".join(text for text in lines if text is not None) + "\n"


def line(subject: Subject) -> str | None:
    honoured = ", ".join(names(subject.rows, Support.HONOURED))
    return f"| {subject.title} | {honoured} |" if honoured else None


def names(rows: Iterable[Row], state: Support) -> Iterator[str]:
    for row in rows:
        if row.support is state:
            yield from (f"`{name}`" for name in (row.name, *row.aliases))
