"""Text for a terminal: columns, wrapping, colour; and findings, which several commands show."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import click
import msgspec
from msgspec.structs import replace

from ingressd.cli.options.serving import flag
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

WIDTH_OFF_TERMINAL = 100
_NARROWEST = 40
_NARROWEST_TEXT = 28
_GAP = "  "
_BELOW = " " * 6
_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}
_SEVERITY_WIDTH = len("warning")

output_flag = flag(
    "--output", type=click.Choice(("text", "json")), default="text", help="For people or programs."
)


def show(text: str) -> None:
    """Print; colour only reaches a terminal, and none where NO_COLOR is set (no-color.org)."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def show_json(value: object) -> None:
    """Print any struct, or tuple of them, as indented JSON."""
    show(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def date_words(seconds: float) -> str:
    """A day, UTC, out of seconds since the epoch."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def terminal_width() -> int:
    """Columns to fill."""
    return max(shutil.get_terminal_size((WIDTH_OFF_TERMINAL, 24)).columns, _NARROWEST)


def heading(text: str) -> str:
    """A line that starts a part of the output."""
    return click.style(text, bold=True)


def faint(text: str) -> str:
    """Text that is there to be looked up rather than read."""
    return click.style(text, dim=True)


def columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> Iterator[str]:
    """Rows as aligned lines; nothing is cut."""
    widths = [max(map(_visible_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = map(_padded, row, widths)
        yield (indent + _GAP.join(cells)).rstrip()


def labelled(rows: Iterable[tuple[str, str]], *, indent: str = _GAP) -> Iterator[str]:
    """``label  text`` lines with the texts aligned and wrapped; rows without text are left out."""
    present = [(label, text) for label, text in rows if text]
    width = max((len(label) for label, _ in present), default=0)
    for label, text in present:
        yield from hanging(text, first=f"{indent}{label:{width}}{_GAP}")


def hanging(text: str, *, first: str) -> Iterator[str]:
    """Text wrapped to the terminal; lines after the first stand under it, and all of them below
    ``first`` where that leaves too little room."""
    if terminal_width() - _visible_width(first) < _NARROWEST_TEXT:
        yield first.rstrip()
        first = _BELOW
    margin = " " * _visible_width(first)
    lines = textwrap.wrap(
        plain(" ".join(text.split())),
        terminal_width() - len(margin),
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield first + (lines[0] if lines else "")
    yield from (margin + line for line in lines[1:])


def plain(text: str) -> str:
    """Text from manifests without what would command a terminal: that is shown as an escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def findings_text(findings: Iterable[Finding]) -> Iterator[str]:
    """Findings by object, the worst object first, a blank line between objects.

    What is wrong in the same way at several fields of an object is told once.
    """
    by_object: dict[tuple[ObjectKey, str], list[Finding]] = {}
    for finding in sorted(findings, key=lambda finding: finding.sort_key):
        by_object.setdefault((finding.subject, finding.origin), []).append(finding)
    for number, ((subject, origin), found) in enumerate(by_object.items()):
        if number:
            yield ""
        yield heading(plain(str(subject))) + (faint(f"  {plain(origin)}") if origin else "")
        for alike in _alike(found):
            yield from _finding_lines(alike)


def _alike(findings: Iterable[Finding]) -> Iterable[list[Finding]]:
    """Findings that differ only in their field, in the order of the first of them."""
    groups: dict[Finding, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(replace(finding, field=""), []).append(finding)
    return groups.values()


def remedy_text(remedy: str, *, margin: str) -> Iterator[str]:
    """A remedy; lines after its first are to be pasted, and stand as they are."""
    advice, *pasted = remedy.split("\n")
    yield from hanging(advice, first=f"{margin}fix: ")
    yield from (f"{margin}     {plain(line)}" for line in pasted)


def count(number: int, noun: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _finding_lines(alike: list[Finding]) -> Iterator[str]:
    finding = alike[0]
    colour = _COLOURS[finding.severity]
    severity = click.style(f"{finding.severity.value:{_SEVERITY_WIDTH}}", fg=colour)
    margin = _GAP + " " * _SEVERITY_WIDTH + _GAP
    *others, last = [plain(each.field) for each in alike]
    for number, line in enumerate([*others, f"{last} {faint(f'[{finding.code}]')}".lstrip()]):
        yield (margin if number else f"{_GAP}{severity}{_GAP}") + line
    yield from hanging(finding.message, first=margin)
    yield from remedy_text(finding.remedy, margin=margin)


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - _visible_width(cell))


def _visible_width(text: str) -> int:
    return len(click.unstyle(text))
