"""Rows of cells as text with columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

GAP = "  "


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """All rows below each other; the first ``left`` columns aligned left, the others right."""
    return "\n".join(_lines(rows, left))


def _lines(rows: Sequence[Sequence[str]], left: int) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            cell.ljust(width) if at < left else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield GAP.join(cells).rstrip()
