"""``ingressd annotations``: every annotation, or ConfigMap key, and what ingressd makes of it."""

from __future__ import annotations

from collections.abc import Iterator

import click
from msgspec import Struct

from ingressd.cli.options.serving import flag
from ingressd.cli.options.sources import annotations_prefix_flag
from ingressd.cli.rendering.annotations import annotations_markdown
from ingressd.cli.rendering.configmap import configmap_markdown, configmap_text, list_keys
from ingressd.cli.rendering.terminal import hanging, heading, show, show_json
from ingressd.compiler.annotations.row import Row, Support
from ingressd.compiler.annotations.table import BY_NAME, OWN, SUBJECTS, Subject

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
@click.option(  # INGRESSD_CONFIGMAP means something else
    "--configmap", is_flag=True, help="List the keys of the ConfigMap instead."
)
@flag(
    "--output",
    type=click.Choice(("text", "json", "markdown")),
    default="text",
    help="For people, programs or a document.",
)
def command(annotations_prefix: str, configmap: bool, output: str) -> None:
    """List every annotation of ingress-nginx: how common it is (tier 1 to 3), what ingressd makes
    of it, and what it means.

    \b
    honoured  it does what it did
    no-op     it is accepted, and nothing here depends on it
    not yet   it is reported; where it protects something, its paths answer 503
    never     the same, and that will not change
    """
    prefix = annotations_prefix
    if output == "json":
        show_json(list_keys() if configmap else list_entries(prefix))
    elif output == "markdown":
        show((configmap_markdown() if configmap else annotations_markdown(prefix)).rstrip("\n"))
    else:
        show("\n".join(configmap_text() if configmap else annotations_text(prefix)))


def list_entries(prefix: str) -> tuple[Entry, ...]:
    """Every row of the table, in its order."""
    subjects = (*SUBJECTS, OWN)
    return tuple(_entry(row, subject, prefix) for subject in subjects for row in subject.rows)


def annotations_text(prefix: str) -> Iterator[str]:
    """The table by subject, wrapped to the terminal."""
    yield from hanging(
        f"Each name stands after {prefix}/, or what --annotations-prefix says.", first=""
    )
    for subject in (*SUBJECTS, OWN):
        yield ""
        yield heading(subject.title) + (f" (after {subject.prefix}/)" if subject.prefix else "")
        for row in subject.rows:
            yield from _lines(row)


def _lines(row: Row) -> Iterator[str]:
    state = f"{row.tier.value}  {row.support.value:{_STATE_WIDTH}}"
    yield from hanging(row.summary, first=f"  {row.name:{_NAME_WIDTH}}  {state}  ")
    for alias in row.aliases:
        same = f"Another name for {row.name}."
        yield from hanging(same, first=f"  {alias:{_NAME_WIDTH}}  {state}  ")


def _entry(row: Row, subject: Subject, prefix: str) -> Entry:
    prefix = subject.prefix or prefix
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
        expected=row.value.expected,
        instead="" if is_honoured else row.instead,
        remedy=row.remedy,
    )
