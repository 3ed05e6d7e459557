"""The annotation table as Markdown: ``deploy/annotations.md``."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.compiler.annotations.row import Row
from ingressd.compiler.annotations.table import OWN, SUBJECTS

_INTRODUCTION = """\
# Annotations

Every annotation of ingress-nginx 1.15, and what ingressd makes of it. Each name stands after
`{prefix}/`, or what `--annotations-prefix` says. This file is what
`ingressd annotations --output markdown` prints.

- **Tier**: 1 is met nearly everywhere, 2 sometimes, 3 rarely.
- **State**: *honoured* does what it did. *No-op* is accepted, and nothing here depends on it. *Not
  yet* and *never* are reported as findings (`ingressd check`), which say what happens instead.
- **Scope**: the paths of the Ingress one by one, the Ingress (all its paths together), the host
  (all Ingresses of it) or the Service port.
- **†** marks what protects something: where that cannot be given, or its value cannot be read, the
  paths of the Ingress answer 503 so that nothing is left open."""
_OWN = """\
These are annotations of ingressd's own, which ingress-nginx does not know. Each name stands after
`{prefix}/`.
"""
_HEAD = ("| annotation | tier | state | scope | what it does |", "|---|---|---|---|---|")


def annotations_markdown(prefix: str) -> str:
    """The documentation of every annotation, by subject."""
    return "\n".join([_INTRODUCTION.format(prefix=prefix), *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for subject in (*SUBJECTS, OWN):
        yield f"\n## {subject.title}\n"
        if subject.prefix:
            yield _OWN.format(prefix=subject.prefix)
        yield from _HEAD
        yield from map(_line, subject.rows)


def _line(row: Row) -> str:
    names = ", ".join(f"`{name}`" for name in (row.name, *row.aliases))
    mark = " †" if row.is_protective else ""
    state = f"{row.tier.value} | {row.support.value} | {row.scope.value}"
    return f"| {names}{mark} | {state} | {escaped(row.summary)}{_needed(row)} |"


def _needed(row: Row) -> str:
    """What it modifies may say more of the annotation that it requires."""
    words = "" if row.modifies is None else escaped(row.modifies.words)
    name = row.requires or row.needs
    named = f"`{name}`" if name and f"`{name}`" not in words else ""
    needed = ", and ".join(filter(None, (named, words)))
    return f" Needs {needed}." if needed else ""


def escaped(text: str) -> str:
    """Text of a table cell: what Markdown or HTML would take for its own is shown as it is."""
    return text.translate({ord(char): f"\\{char}" for char in "|*<>_"})
