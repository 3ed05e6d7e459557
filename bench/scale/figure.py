"""One line of the table of sizes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import median

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


def compared(calm: Sequence[float], troubled: Sequence[float], when: str) -> str:
    """Medians of seconds without and with something that might matter, and their ratio."""
    ratio = median(troubled) / median(calm)
    return f"{_central(calm)}, {_central(troubled)} {when}: x {ratio:.2f}"


def _central(values: Sequence[float]) -> str:
    """The median, and between which values it lies: how far they differ is the noise."""
    ends = " to ".join(f"{end * 1e3:.2f}" for end in (min(values), max(values)))
    return f"{milliseconds(median(values))} ({ends})"


def spread(values: Sequence[float]) -> str:
    """Median and 99th percentile of seconds."""
    return (
        f"p50 {milliseconds(percentile(values, 0.5))}, p99 {milliseconds(percentile(values, 0.99))}"
    )
