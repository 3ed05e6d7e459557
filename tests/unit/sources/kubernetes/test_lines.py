from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.sources.kubernetes.errors import StreamGarbled
from ingressd.sources.kubernetes.lines import LineSplitter


@given(st.lists(st.binary(min_size=1).filter(lambda line: b"\n" not in line and line.strip())),
       st.lists(st.integers(0, 200)))  # fmt: skip
def test_lines_are_the_same_wherever_the_stream_is_cut(lines: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + b"\n" for line in lines)
    bounds = [0, *sorted(cuts), len(stream)]
    splitter = LineSplitter()
    chunks = [stream[start:end] for start, end in pairwise(bounds)]
    assert [line for chunk in chunks for line in splitter.feed(chunk)] == lines


def test_blank_lines_and_what_has_no_end_are_left_out() -> None:
    assert LineSplitter().feed(b"\n \na\r\n{cut") == [b"a\r"]


def test_a_line_without_end_is_refused() -> None:
    splitter = LineSplitter(limit=10)
    assert splitter.feed(b"0123456789\n012345") == [b"0123456789"]
    with pytest.raises(StreamGarbled, match="more than 10 bytes"):
        splitter.feed(b"6789a")
