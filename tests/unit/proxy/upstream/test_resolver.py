from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from ingressd.proxy.upstream.resolver import (
    CAPACITY,
    NEGATIVE_TTL,
    STALE_FOR,
    Answer,
    ResolveError,
    Resolver,
    is_forbidden,
)


class Names:
    """A name service in memory; ``failing`` makes it fail, ``held`` makes it wait."""

    def __init__(self) -> None:
        self.answers = {"db.example": Answer(("192.0.2.1", "2001:db8::1"), ttl=30)}
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.failing = False
        self.held: asyncio.Event | None = None
        self.is_closed = False

    async def lookup(self, name: str) -> Answer:
        self.asked.append(name)
        self.was_asked.set()
        if self.held is not None:
            await self.held.wait()
        if self.failing or name not in self.answers:
            raise ResolveError("no such name")
        return self.answers[name]

    async def close(self) -> None:
        self.is_closed = True


class Time:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def names() -> Names:
    return Names()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def resolver(names: Names, time: Time) -> Resolver:
    return Resolver(service=names, clock=time)


async def test_an_answer_is_used_for_its_ttl(resolver: Resolver, names: Names, time: Time) -> None:
    for _ in range(3):
        assert await resolver.resolve("db.example") == ("192.0.2.1", "2001:db8::1")
        time.now += 14
    assert names.asked == ["db.example"]
    names.answers["db.example"] = Answer(("192.0.2.2",), ttl=30)
    assert await resolver.resolve("db.example") == ("192.0.2.2",)


async def test_a_ttl_of_zero_still_spares_the_name_server(resolver: Resolver, names: Names) -> None:
    names.answers["db.example"] = Answer(("192.0.2.1",), ttl=0)
    await resolver.resolve("db.example")
    await resolver.resolve("db.example")
    assert len(names.asked) == 1


async def test_those_who_ask_together_share_a_lookup(resolver: Resolver, names: Names) -> None:
    names.held = asyncio.Event()
    asking = [asyncio.ensure_future(resolver.resolve("db.example")) for _ in range(5)]
    await names.was_asked.wait()
    asking[0].cancel()
    names.held.set()
    results = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [("192.0.2.1", "2001:db8::1")] * 4
    assert names.asked == ["db.example"]


async def test_a_failure_is_remembered_for_a_moment(
    resolver: Resolver, names: Names, time: Time
) -> None:
    for _ in range(2):
        with pytest.raises(ResolveError, match=r"nowhere\.example: no such name"):
            await resolver.resolve("nowhere.example")
    assert len(names.asked) == 1
    time.now += NEGATIVE_TTL
    names.answers["nowhere.example"] = Answer(("192.0.2.9",), ttl=30)
    assert await resolver.resolve("nowhere.example") == ("192.0.2.9",)


async def test_the_last_answer_outlives_a_failing_name_server(
    resolver: Resolver, names: Names, time: Time
) -> None:
    good = await resolver.resolve("db.example")
    names.failing = True
    time.now += 30
    for _ in range(3):
        assert await resolver.resolve("db.example") == good
    assert len(names.asked) == 2
    time.now += STALE_FOR
    with pytest.raises(ResolveError):
        await resolver.resolve("db.example")


async def test_a_name_server_that_is_silent_counts_as_failing(
    resolver: Resolver, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingressd.proxy.upstream.resolver.LOOKUP_TIMEOUT", 0.01)
    names.held = asyncio.Event()
    with pytest.raises(ResolveError, match="in time"):
        await resolver.resolve("db.example")


async def test_memory_is_bounded(resolver: Resolver, names: Names) -> None:
    for number in range(CAPACITY + 1):
        names.answers[f"{number}.example"] = Answer(("192.0.2.1",), ttl=30)
        await resolver.resolve(f"{number}.example")
    await resolver.resolve("1.example")
    assert len(names.asked) == CAPACITY + 1
    await resolver.resolve("0.example")
    assert len(names.asked) == CAPACITY + 2


async def test_addresses_are_their_own_answer(resolver: Resolver, names: Names) -> None:
    assert await resolver.resolve("192.0.2.1") == ("192.0.2.1",)
    assert await resolver.resolve("2001:db8::1") == ("2001:db8::1",)
    assert names.asked == []


async def test_forbidden_addresses_are_left_out_or_refused(
    resolver: Resolver, names: Names
) -> None:
    names.answers["mixed.example"] = Answer(("127.0.0.1", "192.0.2.1"), ttl=30)
    names.answers["local.example"] = Answer(("127.0.0.1",), ttl=30)
    assert await resolver.resolve("mixed.example") == ("192.0.2.1",)
    for name in ("local.example", "127.0.0.1"):
        with pytest.raises(ResolveError, match=r"leads to 127\.0\.0\.1, which is refused"):
            await resolver.resolve(name)


async def test_local_names_are_admitted_on_request(names: Names) -> None:
    names.answers["local.example"] = Answer(("127.0.0.1",), ttl=30)
    resolver = Resolver(service=names, local_names=True)
    assert await resolver.resolve("local.example") == ("127.0.0.1",)


async def test_the_api_server_is_refused(names: Names) -> None:
    resolver = Resolver(service=names, refused={"192.0.2.1"})
    assert await resolver.resolve("db.example") == ("2001:db8::1",)


async def test_the_api_server_is_refused_by_name(names: Names) -> None:
    resolver = Resolver(service=names, refused=("db.example",))
    with pytest.raises(ResolveError, match="is refused"):
        await resolver.resolve("db.example")


async def test_close_ends_lookups(resolver: Resolver, names: Names) -> None:
    names.held = asyncio.Event()
    asking = asyncio.ensure_future(resolver.resolve("db.example"))
    await names.was_asked.wait()
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert names.is_closed


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", True),
        ("::", True),
        ("169.254.169.254", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("224.0.0.1", True),
        ("ff02::1", True),
        ("255.255.255.255", True),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("198.51.100.7", False),
        ("2001:db8::1", False),
        ("fd00::1", False),
    ],
)
def test_is_forbidden(address: str, expected: bool) -> None:
    assert is_forbidden(address) is expected


def test_the_dns_library_is_imported_only_when_needed() -> None:
    program = "import sys, ingressd.proxy.upstream.resolver; sys.exit('aiodns' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
