"""DNS for ExternalName Services: names become addresses when a connection is made.

c-ares (through aiodns) does the looking up, as it knows /etc/hosts, search lists, TCP fallback and,
unlike ``getaddrinfo``, TTLs. It is imported when the first name is asked for: most workers never
need its 2 MiB.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Container, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    import aiodns

LOOKUP_TIMEOUT = 2.0  # seconds, all tries together
STALE_FOR = 60.0  # seconds that an answer is used beyond its TTL while DNS fails
NEGATIVE_TTL = 5.0  # seconds until a name that failed is asked for again
SHORTEST_TTL, LONGEST_TTL = 1.0, 3600.0
CAPACITY = 1024  # names

_METADATA_SERVICES = frozenset(
    map(ipaddress.ip_address, ("fd00:ec2::254", "100.100.100.200", "168.63.129.16"))
)
"""Cloud metadata services that are not link-local: AWS over IPv6, Alibaba, Azure."""

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


class ResolveError(OSError):
    """A name leads to no address that may be used."""


class Answer(Struct, frozen=True):
    """Addresses in the order in which to try them, and for how long (seconds) they are good."""

    addresses: tuple[str, ...]
    ttl: float


class NameService(Protocol):
    """Whom the resolver asks."""

    async def lookup(self, name: str) -> Answer:
        """The addresses of a name, at least one. Raises OSError."""
        ...

    async def close(self) -> None:
        """Let go of sockets and threads."""
        ...


class _Remembered(Struct, frozen=True):
    """``addresses`` are good until ``fresh_until``, or ``stale_until`` while DNS fails."""

    addresses: tuple[str, ...]
    fresh_until: float
    stale_until: float
    failure: str = ""


class Resolver:
    """Owner of the worker's DNS answers.

    Addresses that ``is_forbidden`` names, and names and addresses in ``refused`` (the API
    server's), are admitted only with ``local_names``.
    """

    def __init__(
        self,
        *,
        local_names: bool = False,
        refused: Container[str] = (),
        service: NameService | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._local_names = local_names
        self._refused = refused
        self._service = service or CAres()
        self._clock = clock
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._running: dict[str, asyncio.Task[_Remembered]] = {}

    async def resolve(self, name: str) -> tuple[str, ...]:
        """Addresses that may be connected to, at least one. IP literals lead to themselves.

        Raises ResolveError. Those who ask for one name at the same time share one lookup.
        """
        if is_ip_literal(name):
            return self._admit(name, (name,))
        remembered = self._remembered.get(name)
        if remembered is None or remembered.fresh_until <= self._clock():
            remembered = await asyncio.shield(self._refresh(name))
        if not remembered.addresses:
            raise ResolveError(f"{name}: {remembered.failure}")
        return self._admit(name, remembered.addresses)

    def remembered(self, name: str) -> tuple[str, ...]:
        """Its addresses as long as they are fresh, so that :meth:`resolve` would ask nobody."""
        known = self._remembered.get(name)
        if known is not None:
            return known.addresses if known.fresh_until > self._clock() else ()
        return (name,) if is_ip_literal(name) else ()

    async def close(self) -> None:
        """End the lookups under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._service.close()

    def _admit(self, name: str, addresses: Sequence[str]) -> tuple[str, ...]:
        if self._local_names:
            return tuple(addresses)
        is_refused = name.lower().removesuffix(".") in self._refused
        admitted = tuple(
            address
            for address in addresses
            if not is_refused and address not in self._refused and not is_forbidden(address)
        )
        if not admitted:
            raise ResolveError(f"{name} leads to {', '.join(addresses)}, which is refused")
        return admitted

    def _refresh(self, name: str) -> asyncio.Task[_Remembered]:
        """The lookup of a name that is under way, or a new one."""
        task = self._running.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._ask(name), name=f"resolve {name}")
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name))
        return task

    async def _ask(self, name: str) -> _Remembered:
        try:
            async with asyncio.timeout(LOOKUP_TIMEOUT):
                answer = await self._service.lookup(name)
        except TimeoutError:
            remembered = self._failed(name, "DNS did not answer in time")
        except OSError as error:
            remembered = self._failed(name, str(error))
        else:
            remembered = _fresh(answer, self._clock())
        self._remember(name, remembered)
        return remembered

    def _failed(self, name: str, failure: str) -> _Remembered:
        """What counts until the next try: the last good addresses, unless they are too old."""
        now = self._clock()
        known = self._remembered.get(name)
        if known is None or known.stale_until <= now:
            return _Remembered((), now + NEGATIVE_TTL, now, failure)
        return _Remembered(known.addresses, now + NEGATIVE_TTL, known.stale_until, failure)

    def _remember(self, name: str, remembered: _Remembered) -> None:
        self._remembered[name] = remembered
        self._remembered.move_to_end(name)
        if len(self._remembered) > CAPACITY:
            self._remembered.popitem(last=False)


class CAres:
    """Lookups through c-ares. ``nameservers`` (``address:port``) replace those of the system."""

    def __init__(self, nameservers: Sequence[str] | None = None) -> None:
        self._nameservers = nameservers
        self._resolver: aiodns.DNSResolver | None = None

    async def lookup(self, name: str) -> Answer:
        """IPv4 and IPv6 addresses, sorted by reachability (RFC 6724), and the shortest TTL."""
        import aiodns

        if self._resolver is None:
            self._resolver = aiodns.DNSResolver(
                self._nameservers, timeout=LOOKUP_TIMEOUT / 2, tries=2
            )
        try:
            found = await self._resolver.getaddrinfo(name)
        except aiodns.error.DNSError as error:
            raise ResolveError(str(error.args[-1])) from None
        except ValueError as error:  # a name that cannot be written as ASCII
            raise ResolveError(f"not a DNS name: {error}") from None
        if not found.nodes:
            raise ResolveError("the name has no address")
        addresses = dict.fromkeys(node.addr[0].decode() for node in found.nodes)
        return Answer(tuple(addresses), min(node.ttl for node in found.nodes))

    async def close(self) -> None:
        """End c-ares' thread."""
        if self._resolver is not None:
            await self._resolver.close()


def _fresh(answer: Answer, now: float) -> _Remembered:
    fresh_until = now + min(max(answer.ttl, SHORTEST_TTL), LONGEST_TTL)
    return _Remembered(answer.addresses, fresh_until, fresh_until + STALE_FOR)


def is_ip_literal(name: str) -> bool:
    """Whether the name is an address already."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_forbidden(address: str) -> bool:
    """Whether an address leads to this machine, its links or a metadata service, or to nobody.

    A name in somebody's Service must not open what only the node itself may reach.
    """
    parsed = _innermost(ipaddress.ip_address(address))
    return (
        parsed.is_loopback
        or parsed.is_link_local
        or parsed.is_unspecified
        or parsed.is_multicast
        or parsed in _METADATA_SERVICES
        or str(parsed) == "255.255.255.255"
    )


def _innermost(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped one, which is where the kernel would connect."""
    return (address.version == 6 and address.ipv4_mapped) or address
