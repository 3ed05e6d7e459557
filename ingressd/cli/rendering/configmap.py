"""The table of ConfigMap keys as text, JSON and Markdown: ``deploy/configmap.md``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ingressd.cli.rendering.annotations import escaped
from ingressd.cli.rendering.terminal import hanging, heading
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.configmap.row import Row
from ingressd.compiler.configmap.table import BY_NAME, SUBJECTS, Subject

_INTRODUCTION = """\
# The ConfigMap

Every key of the ConfigMap of ingress-nginx 1.15, and what ingressd makes of it.
`--configmap=NS/NAME` names the ConfigMap; a change of it takes effect at once, limits for
connections from then on. This file is what `ingressd annotations --configmap --output markdown`
prints.

- **Default**: what holds without the key, as it would be written.
- **State**: *honoured* does what it did. *No-op* is accepted, and nothing here depends on it. *Not
  yet* and *never* are reported as findings (`ingressd check`), which say what happens instead.
- **†** marks what protects something: where that cannot be given, every route answers 503 so that
  nothing is left open.

Where an Ingress has the annotation of the same name, that wins; where a flag says the same, the key
wins."""
_HEAD = ("| key | default | state | what it does |", "|---|---|---|---|")
_NAME_WIDTH = max(map(len, BY_NAME))
_STATE_WIDTH = len("honoured")


class KeyEntry(Struct, frozen=True, omit_defaults=True):
    """One key in JSON. ``instead`` and ``remedy`` are for one that is not honoured. ``protective``:
    where it cannot be honoured, every route answers 503."""

    key: str
    subject: str
    state: str
    protective: bool
    documentation: str
    default: str = ""
    expected: str = ""
    instead: str = ""
    remedy: str = ""


def list_keys() -> tuple[KeyEntry, ...]:
    """Every row of the table, in its order."""
    return tuple(_entry(row, subject) for subject in SUBJECTS for row in subject.rows)


def configmap_text() -> Iterator[str]:
    """The table by subject, wrapped to the terminal."""
    yield "Keys of the ConfigMap that --configmap names."
    for subject in SUBJECTS:
        yield ""
        yield heading(subject.title)
        for row in subject.rows:
            first = f"  {row.name:{_NAME_WIDTH}}  {row.support.value:{_STATE_WIDTH}}  "
            default = f" Default: {row.default}" if row.default else ""
            yield from hanging(f"{row.summary}{default}", first=first)


def configmap_markdown() -> str:
    """The documentation of every key, by subject."""
    return "\n".join([_INTRODUCTION, *_sections()]) + "\n"


def _sections() -> Iterator[str]:
    for subject in SUBJECTS:
        yield f"\n## {subject.title}\n"
        yield from _HEAD
        yield from map(_line, subject.rows)


def _line(row: Row) -> str:
    mark = " †" if row.is_protective else ""
    default = f"`{row.default}`" if row.default else ""
    return f"| `{row.name}`{mark} | {default} | {row.support.value} | {escaped(row.summary)} |"


def _entry(row: Row, subject: Subject) -> KeyEntry:
    is_honoured = row.support is Support.HONOURED
    return KeyEntry(
        key=row.name,
        subject=subject.title,
        state=row.support.value,
        protective=row.is_protective,
        documentation=row.summary,
        default=row.default,
        expected=row.value.expected if row.value is not None else "",
        instead="" if is_honoured else row.instead,
        remedy=row.remedy,
    )
