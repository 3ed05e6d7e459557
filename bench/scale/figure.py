"""One line of the table of sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from bench.table import aligned


class Figure(Struct, frozen=True):
    """What was measured, how much it is, and what we aim at ("" where nothing is)."""

    name: str
    measured: str
    target: str = ""


def render(figures: Iterable[Figure]) -> str:
    """The table as text."""
    rows = [["", "measured", "target"]]
    rows += [[each.name, each.measured, each.target] for each in figures]
    return aligned(rows, left=3)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def milliseconds(seconds: float) -> str:
    """As text."""
    return f"{seconds * 1e3:.2f} ms"


def spread(values: Sequence[float]) -> str:
    """Median and 99th percentile of seconds."""
    return (
        f"p50 {milliseconds(percentile(values, 0.5))}, p99 {milliseconds(percentile(values, 0.99))}"
    )
