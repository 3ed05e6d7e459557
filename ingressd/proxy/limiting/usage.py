"""The tables of all limits, and where each is in the memory that workers share."""

from __future__ import annotations

from ingressd.proxy.limiting import open_requests, rates
from ingressd.proxy.limiting.memory import Place, SharedMemory
from ingressd.proxy.limiting.open_requests import OpenRequests
from ingressd.proxy.limiting.rates import RateTable


def usage_bytes(workers: int) -> int:
    """How much memory so many workers share. Most of it is never touched."""
    return rates.TABLE_BYTES + open_requests.table_bytes(workers)


class Usage:
    """What clients have used of their limits. It outlives changes of the table."""

    def __init__(self, place: Place) -> None:
        memory = SharedMemory(place.memory, usage_bytes(place.workers))
        self.rates = RateTable(memory, 0)
        self.open_requests = OpenRequests(memory, rates.TABLE_BYTES, place)
