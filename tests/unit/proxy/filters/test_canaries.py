"""Which upstream a request of a route with canaries gets."""

from __future__ import annotations

from collections import Counter

import pytest
from msgspec import structs
from support.proxies import BACKEND, SETTINGS, environment, route, upstream
from support.requests import get

from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.endpoints import find_upstream
from ingressd.proxy.filters.filter import UNAVAILABLE, RequestFilter
from ingressd.proxy.upstream.affinity import group_hash, new_key
from ingressd.routing.model import Alternative, Backend, Route
from ingressd.routing.policy import DEFAULT_POLICY, CanaryPolicy, CookieAffinity, Policy

NEW, NEXT, FALLBACK = (Backend("default", name, "80") for name in ("new", "next", "fallback"))
STICKY = Policy(affinity=CookieAffinity())


def canary(
    policy: CanaryPolicy, backend: Backend = NEW, affinity: CookieAffinity | None = None
) -> Alternative:
    return Alternative(f"default/{backend.service}", "f", backend, policy, affinity)


def shared(*alternatives: Alternative, policy: Policy = DEFAULT_POLICY) -> Route:
    return structs.replace(route(policy=policy), alternatives=alternatives)


def surroundings(*gone: Backend) -> Environment:
    """With an endpoint behind every Service but those that are gone."""
    made = environment()
    for backend in (BACKEND, NEW, NEXT, FALLBACK):
        made.pool.put(upstream([] if backend in gone else [80], backend))
    return made


def chosen(finder: RequestFilter, extra: bytes = b"") -> str:
    request = get(extra=extra)
    stop = finder(request, None)
    if stop is not None:
        assert stop is UNAVAILABLE
        return "503"
    assert request.upstream is not None
    return request.upstream.upstream.key.removeprefix("default/").removesuffix(":80")


async def test_a_header_or_a_cookie_decides() -> None:
    policy = CanaryPolicy(header="X-Canary", cookie="beta")
    finder = find_upstream(shared(canary(policy)), surroundings())
    assert chosen(finder) == "web"
    assert chosen(finder, b"x-canary: always\r\n") == "new"
    assert chosen(finder, b"Cookie: a=b; beta=always\r\n") == "new"
    assert chosen(finder, b"X-Canary: never\r\nCookie: beta=always\r\n") == "web"
    assert chosen(finder, b"X-Canary: always\r\nX-Canary: always\r\n") == "web"


async def test_weights_are_kept_and_add_up() -> None:
    weights = (canary(CanaryPolicy(weight=20)), canary(CanaryPolicy(weight=50), NEXT))
    finder = find_upstream(shared(*weights), surroundings())
    counts = Counter(chosen(finder) for _ in range(2000))
    assert abs(counts["new"] - 400) < 120
    assert abs(counts["next"] - 1000) < 150
    assert abs(counts["web"] - 600) < 130


@pytest.mark.parametrize(("weight", "expected"), [(0, "web"), (100, "new")])
async def test_nothing_and_everything(weight: int, expected: str) -> None:
    finder = find_upstream(shared(canary(CanaryPolicy(weight=weight))), surroundings())
    assert {chosen(finder) for _ in range(200)} == {expected}


async def test_what_is_meant_for_a_canary_without_endpoints_stays() -> None:
    everything = shared(canary(CanaryPolicy(weight=100)))
    assert chosen(find_upstream(everything, surroundings(NEW))) == "web"


async def test_a_canary_stands_in_for_nobody() -> None:
    everything = shared(canary(CanaryPolicy(weight=100)))
    assert chosen(find_upstream(everything, surroundings(BACKEND))) == "503"
    policy = Policy(default_backend=FALLBACK.upstream)
    finder = find_upstream(structs.replace(everything, policy=policy), surroundings(BACKEND))
    assert chosen(finder) == "fallback"


def cookie(backend: Backend) -> bytes:
    """As a client sends it that was with a backend before."""
    group = group_hash(SETTINGS.affinity_key, backend.upstream)
    return b"Cookie: INGRESSCOOKIE=%b|%b\r\n" % (new_key().encode(), group.encode())


async def test_clients_stay_where_they_were() -> None:
    policy = CanaryPolicy(header="X-Canary")
    sticky = shared(canary(policy, affinity=CookieAffinity()), policy=STICKY)
    finder = find_upstream(sticky, surroundings())
    assert chosen(finder, cookie(NEW)) == "new"
    assert chosen(finder, cookie(NEW) + b"X-Canary: never\r\n") == "new"
    assert chosen(finder, cookie(BACKEND) + b"X-Canary: always\r\n") == "web"
    assert chosen(finder, cookie(NEXT) + b"X-Canary: always\r\n") == "new"
    assert chosen(finder, b"Cookie: INGRESSCOOKIE=nonsense\r\nX-Canary: always\r\n") == "new"


async def test_legacy_canaries_are_decided_anew() -> None:
    policy = CanaryPolicy(header="X-Canary", is_sticky=False)
    finder = find_upstream(shared(canary(policy), policy=STICKY), surroundings())
    assert chosen(finder, cookie(NEW)) == "web"
    assert chosen(finder, cookie(NEW) + b"X-Canary: always\r\n") == "new"
    assert chosen(finder, cookie(BACKEND) + b"X-Canary: always\r\n") == "web"


async def test_clients_of_a_canary_without_endpoints_are_with_the_main_backend() -> None:
    sticky = shared(canary(CanaryPolicy(), affinity=CookieAffinity()), policy=STICKY)
    assert chosen(find_upstream(sticky, surroundings(NEW)), cookie(NEW)) == "web"
