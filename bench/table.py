"""Prints what was measured: microseconds per request, and how that compares with each peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.cases import Case

Samples = Mapping[tuple[str, str], Sequence[float]]
"""Microseconds per request by (case, peer), one number for each round."""

SUBJECT = "ingressd"


def render(samples: Samples, cases: Sequence[Case], peers: Sequence[str]) -> str:
    """The table as text: medians, then ingressd's ratio to each peer."""
    others = [peer for peer in peers if not peer.startswith(SUBJECT)]
    ratios = [f"/ {peer}" for peer in others] if SUBJECT in peers else []
    head = ["CPU microseconds per request", *peers, *ratios]
    rows = [list(_row(samples, case, peers, others if ratios else [])) for case in cases]
    return "\n".join(_aligned([head, *rows]))


def medians(samples: Samples) -> dict[str, dict[str, float]]:
    """Median by case and peer, for ``--json``."""
    result: dict[str, dict[str, float]] = {}
    for (case, peer), values in samples.items():
        result.setdefault(case, {})[peer] = round(median(values), 2)
    return result


def _row(
    samples: Samples, case: Case, peers: Sequence[str], others: Sequence[str]
) -> Iterator[str]:
    middle = {
        peer: median(samples[case.name, peer]) for peer in peers if samples.get((case.name, peer))
    }
    yield case.title
    for peer in peers:
        yield f"{middle[peer]:.1f}" if peer in middle else "-"
    for other in others:
        known = SUBJECT in middle and middle.get(other)
        yield f"{middle[SUBJECT] / middle[other]:.2f}" if known else "-"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    for row in rows:
        first, *rest = (
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield "  ".join([first, *rest]).rstrip()
