"""A client that goes on sending is swallowed, but not for ever."""

from __future__ import annotations

from ingressd.proxy.client.sink import MOST, Sink


def test_it_swallows_up_to_its_bound_and_closes_beyond() -> None:
    closed: list[bool] = []
    sink = Sink(lambda: closed.append(True))
    assert sink.feed_data(bytes(MOST)) == (False, b"")
    assert not closed
    sink.feed_data(b"x")
    assert closed == [True]
