from __future__ import annotations

from ingressd.proxy.passwords.remembered import Remembered


def test_for_a_while_from_the_last_time_it_was_found_out() -> None:
    marks = Remembered(10.0, 2)
    marks.add(b"a", 0.0)
    assert [marks.has(b"a", now) for now in (0.0, 9.9, 10.0, 9.9)] == [True, True, False, False]
    marks.add(b"a", 20.0)
    marks.add(b"a", 25.0)
    assert [marks.has(b"a", now) for now in (34.9, 35.0)] == [True, False]


def test_of_too_many_the_one_goes_that_was_asked_for_least_lately() -> None:
    marks = Remembered(10.0, 2)
    marks.add(b"a", 0.0)
    marks.add(b"b", 0.0)
    assert marks.has(b"a", 1.0)
    marks.add(b"c", 1.0)
    assert [marks.has(mark, 1.0) for mark in (b"a", b"b", b"c")] == [True, False, True]
    marks.add(b"a", 1.0)
    marks.add(b"d", 1.0)
    assert [marks.has(mark, 1.0) for mark in (b"a", b"c", b"d")] == [True, False, True]
