"""IP addresses and networks as numbers: asked of every request, so no objects are made.

IPv4 and IPv6 share one line of numbers, IPv4 above all of IPv6: no network of one holds addresses
of the other. IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) are those that they stand for.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address

_IPV4 = 1 << 128  # where IPv4 begins
_MAPPED = 0xFFFF  # what stands above the last 32 bits of a mapped address
_OCTETS = {str(number): number for number in range(256)}
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
_LENGTH = re.compile(r"[0-9]{1,3}")
_LONGEST = 45  # characters of an address, with an IPv4 address at its end
_GROUPS = 8


class Networks:
    """A set of networks; IPv4 and IPv6, in CIDR notation, or single addresses.

    Bits behind the prefix do not matter: 10.1.2.3/8 is 10.0.0.0/8. Raises ValueError for what is
    neither an address nor a network.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        ranges = _merged(sorted(map(_range, texts)))
        self._starts = [start for start, _ in ranges]
        self._ends = [end for _, end in ranges]

    def __bool__(self) -> bool:
        """Whether there is any network."""
        return bool(self._starts)

    def contains(self, address: str) -> bool:
        """Whether an address is in one of them; False for what is no address."""
        number = _number(address)
        if number is None:
            return False
        position = bisect_right(self._starts, number) - 1
        return position >= 0 and number <= self._ends[position]

    def covers(self, other: Networks) -> bool:
        """Whether every address of the other set is in this one."""
        both = self.overlap(other)
        return both._starts == other._starts and both._ends == other._ends

    def overlap(self, other: Networks) -> Networks:
        """The addresses that are in both sets."""
        both = Networks()
        for start, end in zip(self._starts, self._ends, strict=True):
            for place in range(bisect_left(other._ends, start), bisect_right(other._starts, end)):
                both._starts.append(max(start, other._starts[place]))
                both._ends.append(min(end, other._ends[place]))
        return both


def canonical_address(text: str) -> str | None:
    """The one way to write an address (RFC 5952; IPv4-mapped as IPv4), or None if it is none.

    An address has no port, no brackets, and no zone, which means nothing to other machines.
    """
    number = _number(text)
    if number is None:
        return None
    if number >= _IPV4:
        return ".".join(map(str, (number - _IPV4).to_bytes(4)))
    return str(IPv6Address(number))


def _number(text: str) -> int | None:
    return _read(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _read(text: str) -> int | None:
    return _ipv6(text) if ":" in text else _ipv4(text)


def _ipv4(text: str) -> int | None:
    """Four decimal numbers without leading zeros: those are octal for some."""
    try:
        first, second, third, fourth = map(_OCTETS.__getitem__, text.split("."))
    except (KeyError, ValueError):  # no octet, or not four of them
        return None
    return _IPV4 | first << 24 | second << 16 | third << 8 | fourth


def _ipv6(text: str) -> int | None:
    """RFC 4291 section 2.2."""
    head, gap, tail = text.partition("::")
    left, right = _groups(head, is_last=not gap), _groups(tail, is_last=True)
    if left is None or right is None:
        return None
    missing = _GROUPS - len(left) - len(right)
    if missing < 1 if gap else missing:
        return None
    number = 0
    for group in (*left, *(0,) * missing, *right):
        number = number << 16 | group
    return _IPV4 | number & 0xFFFF_FFFF if number >> 32 == _MAPPED else number


def _groups(text: str, *, is_last: bool) -> list[int] | None:
    """The groups between two ends; only the last one of an address may be written as IPv4."""
    if not text:
        return []
    *parts, last = text.split(":")
    ending = [last]
    if "." in last:
        embedded = _ipv4(last) if is_last else None
        if embedded is None:
            return None
        ending = [f"{embedded >> 16 & 0xFFFF:x}", f"{embedded & 0xFFFF:x}"]
    groups = [*parts, *ending]
    if not all(map(_GROUP.fullmatch, groups)):
        return None
    return [int(group, 16) for group in groups]


def _range(text: str) -> tuple[int, int]:
    """The first and the last number of a network."""
    address, slash, length = text.partition("/")
    number = _number(address)
    if number is None or (slash and not _LENGTH.fullmatch(length)):
        raise ValueError(f"{text!r} is neither an IP address nor a network such as 10.0.0.0/8")
    bits = 128 if ":" in address else 32
    prefix = int(length) if slash else bits
    if prefix > bits:
        raise ValueError(f"{text!r}: a prefix has at most {bits} bits")
    if number >= _IPV4 and bits == 128:  # written as IPv4-mapped
        prefix -= 96
        if prefix < 0:
            raise ValueError(f"{text!r} mixes IPv6 and IPv4-mapped addresses")
        bits = 32
    low = (1 << bits - prefix) - 1
    return number & ~low, number | low


def _merged(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted ranges with no overlaps."""
    merged: list[tuple[int, int]] = []
    for start, end in ranges:
        if merged and start <= merged[-1][1] + 1:
            start, end = merged[-1][0], max(end, merged.pop()[1])
        merged.append((start, end))
    return merged
