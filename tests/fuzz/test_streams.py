"""Damaged streams against every side of a data plane, few enough for every run of the tests.

``make fuzz`` tries many more. What once broke something stays in ``cases``.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from support.fuzzing.campaign import Bounds, Hunt, alone, smallest
from support.fuzzing.cases import keep, kept, read_case
from support.fuzzing.clients import client_side
from support.fuzzing.fronts import FRONTS
from support.fuzzing.mutation import Mutator, Stream
from support.fuzzing.pods import pod_side
from support.fuzzing.seeds import CLIENT, POD
from support.fuzzing.watch import Watch

STREAMS = 1500


@pytest.mark.timeout(60)
@pytest.mark.parametrize("side", sorted(FRONTS))
async def test_damaged_streams_break_nothing(side: str) -> None:
    hunt = Hunt(FRONTS[side], 1, Bounds(seconds=20, streams=STREAMS))
    finding = await hunt.run()
    assert finding is None, f"{finding.why}: {finding.stream}"
    assert hunt.count > 300


@pytest.mark.parametrize("side", sorted(FRONTS))
async def test_what_once_broke_something_no_longer_does(side: str) -> None:
    cases = kept(side)
    assert cases
    for path in cases:
        wrong = await alone(FRONTS[side].opening, read_case(path))
        assert not wrong, f"{path.name}: {wrong}"


async def test_many_damaged_requests_pass_and_many_are_refused() -> None:
    mutator = Mutator(CLIENT, "1")
    with Watch() as watch:
        async with client_side(watch) as side:
            assert not any([await side.attempt(mutator.stream()) for _ in range(300)])
    assert side.passed > 40 and side.refused > 40


async def test_many_damaged_answers_pass_and_many_are_refused() -> None:
    mutator = Mutator([seed for seed in POD if "keeps" not in seed.setting], "1")
    with Watch() as watch:
        async with pod_side(watch) as side:
            assert not any([await side.attempt(mutator.stream()) for _ in range(300)])
    assert side.relayed > 40 and side.refused > 40


def test_streams_depend_on_the_seed_alone() -> None:
    one, same, other = (Mutator(CLIENT, seed) for seed in ("1", "1", "2"))
    made = [one.stream() for _ in range(50)]
    assert made == [same.stream() for _ in range(50)]
    assert made != [other.stream() for _ in range(50)]


def test_a_case_is_read_as_it_was_kept(tmp_path: Path) -> None:
    stream = Stream((b"GET /\r\n", b"\x00\xff'\""), "HEAD closes")
    path = keep(tmp_path, stream, "Two requests: b'GET'")
    assert path.name.endswith("-two-requests-b-get.txt")
    read = read_case(path)
    assert (read.pieces, read.setting) == (stream.pieces, stream.setting)


async def test_a_failing_stream_is_made_small() -> None:
    """Of a data plane that breaks whenever it gets an "a" and behind it a "b"."""

    class Brittle:
        async def attempt(self, stream: Stream) -> str:
            return "breaks: so" if b"b" in stream.raw.partition(b"a")[2] else ""

    opened = contextlib.nullcontext(Brittle())
    stream = Stream((b"xx1", b"a22", b"333", b"444b4", b"xx") * 5)
    found = await smallest(lambda _: opened, stream, "breaks: at first")
    assert found.stream is not None
    assert (found.stream.pieces, found.why) == ((b"ab",), "breaks: so")
