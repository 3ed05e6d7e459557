"""What the kernel says of this process."""

from __future__ import annotations

import mmap
import os
import resource
from collections.abc import Iterator

import pytest

from ingressd.proxy.overload.gauge import MemoryGauge

MIB = 1 << 20


@pytest.fixture
def gauge() -> Iterator[MemoryGauge]:
    made = MemoryGauge(limit=5)
    yield made
    made.close()


def test_what_is_touched_is_resident_and_what_is_not_is_mapped_only(gauge: MemoryGauge) -> None:
    before = gauge.read()
    with mmap.mmap(-1, 64 * MIB) as taken:
        untouched = gauge.read()
        taken[:] = bytes(64 * MIB)
        touched = gauge.read()
    assert untouched.mapped.used - before.mapped.used >= 64 * MIB
    assert untouched.resident.used - before.resident.used < 32 * MIB
    assert touched.resident.used - before.resident.used >= 64 * MIB
    assert before.resident.limit == 5


def test_the_limit_of_address_space_is_looked_at_each_time(gauge: MemoryGauge) -> None:
    limits = resource.getrlimit(resource.RLIMIT_AS)
    assert gauge.read().mapped.limit == 0
    resource.setrlimit(resource.RLIMIT_AS, (1 << 46, limits[1]))
    try:
        assert gauge.read().mapped.limit == 1 << 46
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def test_it_can_be_closed_twice_and_takes_no_descriptor_of_others() -> None:
    gauge = MemoryGauge(limit=0)
    gauge.close()
    with open("/proc/self/statm") as taken:  # the descriptor that has just become free
        gauge.close()
        assert taken.read()


def test_it_needs_no_new_descriptor(gauge: MemoryGauge) -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            os.open("/", os.O_RDONLY)
        assert gauge.read().resident.used > 0
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
