"""Real processes that write to the same memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import Place, SharedMemory, new_memory
from ingressd.proxy.limiting.rates import PER_SECOND, Rate
from ingressd.proxy.limiting.usage import Usage, usage_bytes

ASK = """
import sys
from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import Place
from ingressd.proxy.limiting.rates import PER_SECOND, Rate
from ingressd.proxy.limiting.usage import Usage
index, memory, tries, burst = map(int, sys.argv[1:])
table, rate = Usage(Place(index, 3, memory)).rates, Rate(PER_SECOND, 0, burst * 1000)
sys.stdin.readline()
print(sum(table.admits(Key(7, 3), 5000, (rate,)) for _ in range(tries)))
"""
HOLD = """
import sys
from ingressd.proxy.limiting.memory import SharedMemory
memory = SharedMemory(int(sys.argv[1]), 4096)
memory.lock(0, 64)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = new_memory(usage_bytes(3))
    yield descriptor
    os.close(descriptor)


def child(program: str, memory: int, *arguments: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[memory],
    )  # fmt: skip


def test_no_request_is_counted_by_two_processes_as_one(memory: int) -> None:
    tries, burst = 4000, 6000
    askers = [child(ASK, memory, index, memory, tries, burst) for index in range(2)]
    for asker in askers:
        assert asker.stdin is not None
        asker.stdin.write("go\n")
        asker.stdin.flush()
    passed = [int(asker.communicate()[0]) for asker in askers]
    assert sum(passed) == burst + 1
    assert not Usage(Place(2, 3, memory)).rates.admits(
        Key(7, 3), 5000, (Rate(PER_SECOND, 0, burst * 1000),)
    )


def test_a_process_that_dies_gives_its_lock_back(memory: int) -> None:
    holder = child(HOLD, memory, memory)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate()
    ours = SharedMemory(memory, 4096)
    ours.lock(0, 64)
    ours.unlock(0, 64)


def test_memory_is_cleared_in_part(memory: int) -> None:
    ours = SharedMemory(memory, 32)
    ours.content[:] = b"x" * 32
    ours.clear(8, 16)
    assert bytes(ours.content) == b"x" * 8 + bytes(16) + b"x" * 8
