"""What was measured, as text: microseconds per request, then how that compares with each peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import TypeAlias

from bench.proxies.peers import OTHER, SUBJECT
from bench.ratios.cases import Case
from bench.ratios.measure import Samples
from bench.table import aligned

Medians: TypeAlias = Mapping[str, Mapping[str, float]]
"""Microseconds per request by case and peer."""


def render(samples: Samples, cases: Sequence[Case], peers: Sequence[str]) -> str:
    """The medians, and below them the ratios with what is aimed at."""
    middle = medians(samples)
    parts = [aligned(list(_times(middle, cases, peers)))]
    if SUBJECT in peers:
        parts.append(aligned(list(_ratios(middle, cases, peers))))
    return "\n\n".join(parts)


def medians(samples: Samples) -> dict[str, dict[str, float]]:
    """Median by case and peer."""
    result: dict[str, dict[str, float]] = {}
    for (case, peer), runs in samples.items():
        result.setdefault(case, {})[peer] = round(median(run.microseconds for run in runs), 2)
    return result


def _times(middle: Medians, cases: Sequence[Case], peers: Sequence[str]) -> Iterator[list[str]]:
    yield ["CPU microseconds per request", *peers]
    for case in cases:
        found = middle.get(case.name, {})
        yield [case.title, *(f"{found[peer]:.1f}" if peer in found else "-" for peer in peers)]


def _ratios(middle: Medians, cases: Sequence[Case], peers: Sequence[str]) -> Iterator[list[str]]:
    others = [peer for peer in peers if any(_is_compared(case, peer) for case in cases)]
    others.sort(key=lambda peer: peer == SUBJECT)
    aimed = [peer for peer in others if any(peer in case.targets for case in cases)]
    head = [f"ratio of {SUBJECT} to"]
    for peer in others:
        head += [peer, "at most"] if peer in aimed else [peer]
    yield head
    for case in cases:
        row = [case.title]
        for peer in others:
            row.append(_ratio(middle.get(case.name, {}), case, peer))
            if peer in aimed:
                row.append(f"{case.targets[peer]}" if peer in case.targets else "")
        yield row


def _is_compared(case: Case, peer: str) -> bool:
    """Proxies of another make or interpreter; itself only where that is what the row is about."""
    return peer in case.targets or peer == OTHER or not peer.startswith(SUBJECT)


def _ratio(found: Mapping[str, float], case: Case, peer: str) -> str:
    if not (_is_compared(case, peer) and case.concerns(peer)):
        return ""
    if case.subject not in found or not found.get(peer):
        return "-"
    return f"{found[case.subject] / found[peer]:.2f}"
