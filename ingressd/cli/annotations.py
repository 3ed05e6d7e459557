"""``ingressd annotations``: every annotation, and what ingressd makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from msgspec import Struct

from ingressd.cli.options import flag
from ingressd.cli.rendering import hanging, heading, show, show_json
from ingressd.cli.rendering_annotations import annotations_markdown
from ingressd.cli.source_options import annotations_prefix_flag
from ingressd.compiler.annotations.row import Row, Support
from ingressd.compiler.annotations.table import BY_NAME, SUBJECTS, Subject

_NAME_WIDTH = max(map(len, BY_NAME))
_STATE_WIDTH = len("honoured")


class Entry(Struct, frozen=True, omit_defaults=True):
    """One annotation in JSON, by its full name. ``instead`` and ``remedy`` are for one that is not
    honoured. ``protective``: where it cannot be honoured, its paths may answer 503."""

    annotation: str
    subject: str
    tier: int
    state: str
    scope: str
    protective: bool
    documentation: str
    aliases: tuple[str, ...] = ()
    requires: str = ""
    expected: str = ""
    instead: str = ""
    remedy: str = ""


@click.command("annotations")
@annotations_prefix_flag
@flag(
    "--output",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    help="For people, programs or a document.",
)
def command(annotations_prefix: str, output: str) -> None:
    """List every annotation of ingress-nginx: how common it is (tier 1 to 3), what ingressd makes
    of it, and what it means.

    \b
    honoured  it does what it did
    no-op     it is accepted, and nothing here depends on it
    not yet   it is reported; where it protects something, its paths answer 503
    never     the same, and that will not change
    """
    if output == "json":
        show_json(list_entries(annotations_prefix))
    elif output == "markdown":
        show(annotations_markdown(annotations_prefix).rstrip("\n"))
    else:
        show("\n".join(annotations_text(annotations_prefix)))


def list_entries(prefix: str) -> tuple[Entry, ...]:
    """Every row of the table, in its order."""
    return tuple(_entry(row, subject, prefix) for subject in SUBJECTS for row in subject.rows)


def annotations_text(prefix: str) -> Iterator[str]:
    """The table by subject, wrapped to the terminal."""
    yield f"Each name stands after {prefix}/, or what --annotations-prefix says."
    for subject in SUBJECTS:
        yield ""
        yield heading(subject.title)
        for row in subject.rows:
            yield from _lines(row)


def _lines(row: Row) -> Iterator[str]:
    state = f"{row.tier.value}  {row.support.value:{_STATE_WIDTH}}"
    yield from hanging(row.summary, first=f"  {row.name:{_NAME_WIDTH}}  {state}  ")
    for alias in row.aliases:
        same = f"Another name for {row.name}."
        yield from hanging(same, first=f"  {alias:{_NAME_WIDTH}}  {state}  ")


def _entry(row: Row, subject: Subject, prefix: str) -> Entry:
    is_honoured = row.support is Support.HONOURED
    return Entry(
        annotation=f"{prefix}/{row.name}",
        subject=subject.title,
        tier=row.tier.value,
        state=row.support.value,
        scope=row.scope.value,
        protective=row.is_protective,
        documentation=row.summary,
        aliases=tuple(f"{prefix}/{alias}" for alias in row.aliases),
        requires=f"{prefix}/{row.requires}" if row.requires else "",
        expected=row.value.expected if row.value is not None else "",
        instead="" if is_honoured else row.instead,
        remedy=row.remedy,
    )
