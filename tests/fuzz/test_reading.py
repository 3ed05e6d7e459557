"""The reference that fuzzing compares with agrees with the vectors, which people have written."""

from __future__ import annotations

import pytest
from support.conversations import ANSWERS
from support.fuzzing.answers import read_answer
from support.fuzzing.reading import CLOSED, CUT, read_stream
from support.fuzzing.seeds import CLIENT
from support.vectors import ALL
from support.vectors.model import SMUGGLED, Outcome, Vector, get, post

PASSED = [vector for vector in ALL if vector.outcome is Outcome.PASSED]
REFUSED = [vector for vector in ALL if vector.outcome is Outcome.REFUSED]


@pytest.mark.parametrize("vector", PASSED, ids=lambda vector: vector.name)
def test_reads_what_has_to_pass(vector: Vector) -> None:
    reading = read_stream(vector.sent)
    assert (len(reading.requests), reading.flaw) == (vector.count, "")
    assert vector.line in (None, reading.requests[-1].line)
    assert vector.body in (None, reading.requests[-1].body)


def test_finds_a_flaw_in_most_of_what_has_to_be_refused() -> None:
    """The others are well formed, and refused because of a limit, or of what they ask for."""
    flawed = [vector for vector in REFUSED if read_stream(vector.sent).flaw]
    assert all(len(read_stream(each.sent).requests) <= max(1, each.count) for each in flawed)
    assert len(flawed) > 0.8 * len(REFUSED)


@pytest.mark.parametrize(
    ("sent", "flaw", "count"),
    [
        (get() + get()[:-2], CUT, 1),
        (get(b"Connection: close") + SMUGGLED, CLOSED, 1),
        (post(b"Content-Length: 9"), CUT, 0),
        (post(b"Content-Length: 1", b"Transfer-Encoding: chunked"), "two framings", 0),
        (get().replace(b"\r\n", b"\n"), "bare LF", 0),
        (get(b"X: a\rb"), "bare CR", 0),
        (get() + b"\r" + get(), "bare CR", 1),
        (get() + b"\n" + get(), "bare LF", 1),
        (get() + b"\r\n" * 2 + get(), "empty lines", 1),
        (get().replace(b"HTTP", b"RTSP"), "request line", 0),
        (get(b"X: a", b" b"), "folded field", 0),
    ],
)
def test_says_why_it_stops(sent: bytes, flaw: str, count: int) -> None:
    reading = read_stream(sent)
    assert (reading.flaw, len(reading.requests)) == (flaw, count)


@pytest.mark.parametrize("name", ANSWERS)
def test_reads_the_answers_of_pods(name: str) -> None:
    raw, _, events = ANSWERS[name]
    answer = read_answer(raw, has_closed=False)
    bodies = [event[1] for event in events if event[0] == "body"]
    assert (answer.flaw, answer.status, answer.body) == ("", events[0][1], b"".join(bodies))
    assert all(read_answer(raw[:size], has_closed=False).flaw for size in range(len(raw) - 1))


def test_seeds_are_mostly_good_streams() -> None:
    assert sum(not read_stream(seed.raw).flaw for seed in CLIENT) > len(CLIENT) / 2
