"""What is read from /proc, and how figures are shown."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bench.cpu import cpu_seconds, descendants, own_cpu_seconds
from bench.memory import Memory, memory_of, parse_memory
from bench.scale.figure import Figure, compared, percentile, render, spread

ROLLUP_AND_STATUS = """\
00400000-7ffe000 ---p 00000000 00:00 0                 [rollup]
Rss:                2048 kB
Pss:                1024 kB
Pss_Anon:            512 kB
Name:	ingressd
VmHWM:	    3072 kB
VmRSS:	    2050 kB
Threads:	1
"""


def test_memory_is_in_bytes() -> None:
    memory = parse_memory(ROLLUP_AND_STATUS)
    assert memory == Memory(rss=2 << 20, pss=1 << 20, peak=3 << 20)
    assert str(memory) == "2 RSS, 1 PSS, 3 peak"


def test_memory_of_a_living_process() -> None:
    memory = memory_of(os.getpid())
    assert memory.peak >= memory.rss >= memory.pss > 1 << 20


def test_what_has_gone_has_no_cpu_time() -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    with pytest.raises(ProcessLookupError, match=f"no process {ended.pid}"):
        cpu_seconds(ended.pid)


def test_a_tree_includes_what_was_started() -> None:
    wait = "import sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", wait], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert child.pid in descendants(os.getpid())
        own = own_cpu_seconds(os.getpid())
        assert cpu_seconds(os.getpid()) >= own > 0
        child.communicate()


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_is_one_of_the_values(share: float, expected: int) -> None:
    assert percentile(range(100, 0, -1), share) == expected


def test_figures_stand_beside_their_targets() -> None:
    head, line, untargeted = render(
        [Figure("ready", "4.20 s", "5 s"), Figure("memory", spread([0.001, 0.002]))]
    ).splitlines()
    assert head.split() == ["measured", "target"]
    assert line == f"ready   {'4.20 s':24}  5 s"
    assert untargeted == "memory  p50 1.00 ms, p99 2.00 ms"


def test_windows_are_compared_by_their_medians_with_how_far_they_differ() -> None:
    shown = compared([0.002, 0.001, 0.009], [0.003, 0.004, 0.005], "meanwhile")
    assert shown == "2.00 ms (1.00 to 9.00), 4.00 ms (3.00 to 5.00) meanwhile: x 2.00"
