from __future__ import annotations

import itertools

import pytest
from support.proxies import environment, route
from support.requests import client_connection, get

from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters import access as module
from ingressd.proxy.filters.access import AccessFilter, access
from ingressd.proxy.filters.filter import Refusal, RequestFilter, Stop, Wait
from ingressd.routing.deciding.access import AddressRules
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import Blocklists, GlobalPolicy
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Access, BasicAuth, Policy

HERE, THERE = "10.1.2.3", "192.0.2.1"
ASKED, FAILED = Refusal(401, (b"WWW-Authenticate: x\r\n",)), Refusal(500)
ANSWERED = Answer(302, b"", b"")
NETWORKS = Access(allow=("10.0.0.0/8",), deny=("10.0.0.1",))


def check(stop: Stop | None, *, waits: bool) -> RequestFilter:
    """A check that ends so, at once or after a wait."""

    async def end() -> Stop | None:
        return stop

    def act(request: Request, groups: Groups | None) -> Stop | Wait | None:
        return end if waits else stop

    return act


async def end_of(act: RequestFilter, remote: str = THERE) -> Stop | None:
    end = act(get(client=client_connection(remote=remote)), None)
    return await end() if callable(end) else end


async def ends(
    rules: Access, *stops: Stop | None, remote: str = THERE, any_suffices: bool = False
) -> Stop | None:
    """The end of checks, which is the same whichever of them have to wait."""
    found = []
    for waits in itertools.product((False, True), repeat=len(stops)):
        checks = tuple(check(stop, waits=each) for stop, each in zip(stops, waits, strict=True))
        made = AccessFilter(AddressRules(rules, ()), checks, any_suffices=any_suffices)
        found.append(await end_of(made, remote))
    assert all(end == found[0] for end in found)
    return found[0]


@pytest.mark.parametrize(
    ("remote", "stops", "expected"),
    [
        (HERE, (), 0),
        (THERE, (), 403),
        ("10.0.0.1", (None,), 403),
        (HERE, (None, None), 0),
        (HERE, (ASKED,), 401),
        (HERE, (None, ASKED), 401),
        (HERE, (Refusal(403), ASKED), 403),
        (HERE, (None, FAILED, ASKED), 500),
        (THERE, (ASKED,), 403),
        (HERE, (ANSWERED, ASKED), 302),
    ],
)
async def test_all_must_admit(remote: str, stops: tuple[Stop | None, ...], expected: int) -> None:
    end = await ends(NETWORKS, *stops, remote=remote)
    assert (end.status if end else 0) == expected


@pytest.mark.parametrize(
    ("rules", "remote", "stops", "expected"),
    [
        (NETWORKS, HERE, (ASKED,), 0),
        (NETWORKS, HERE, (FAILED,), 0),
        (NETWORKS, THERE, (ASKED,), 401),
        (NETWORKS, THERE, (None,), 0),
        (NETWORKS, THERE, (), 403),
        (NETWORKS, "10.0.0.1", (None,), 0),
        (NETWORKS, THERE, (ASKED, None), 0),
        (NETWORKS, THERE, (Refusal(403), ASKED), 401),
        (NETWORKS, THERE, (ASKED, Refusal(403)), 401),
        (NETWORKS, THERE, (Refusal(403),), 403),
        (NETWORKS, THERE, (FAILED, None), 500),
        (NETWORKS, THERE, (ASKED, FAILED), 500),
        (NETWORKS, THERE, (ANSWERED, None), 302),
        (Access(), THERE, (ASKED,), 401),
        (Access(), THERE, (None, ASKED), 0),
        (Access(deny=("10.0.0.0/8",)), THERE, (ASKED,), 401),
        (Access(deny=("10.0.0.0/8",)), THERE, (), 0),
    ],
)
async def test_any_may_admit(
    rules: Access, remote: str, stops: tuple[Stop | None, ...], expected: int
) -> None:
    end = await ends(rules, *stops, remote=remote, any_suffices=True)
    assert (end.status if end else 0) == expected


async def test_what_a_check_says_travels() -> None:
    assert await ends(Access(), ASKED) == ASKED
    assert await ends(NETWORKS, ASKED, any_suffices=True) == ASKED


async def test_later_checks_are_not_asked_in_vain() -> None:
    def unwanted(request: Request, groups: Groups | None) -> Stop | Wait | None:
        raise AssertionError("asked in vain")

    for first, any_suffices in ((ASKED, False), (None, True)):
        checks = (check(first, waits=True), unwanted)
        made = AccessFilter(AddressRules(Access(), ()), checks, any_suffices=any_suffices)
        assert await end_of(made) == first


async def test_a_policy_that_lets_everybody_in_has_no_filter() -> None:
    for policy in (Access(), Access(any_suffices=True)):
        assert access(route(policy=Policy(access=policy)), environment()) is None


@pytest.mark.parametrize("rules", [Access(allow=(HERE,)), Access(deny=(THERE,)), NETWORKS])
async def test_lists_have_a_filter(rules: Access) -> None:
    made = access(route(policy=Policy(access=rules)), environment())
    assert made is not None
    assert await end_of(made) == Refusal(403)
    assert await end_of(made, HERE) is None


async def test_what_is_blocked_for_all_routes_is_replaced_by_lists_of_one() -> None:
    surroundings = environment()
    blocklists = Blocklists(networks=(THERE,))
    surroundings.current.apply(Delta(1, global_policy=GlobalPolicy(blocklists=blocklists)))
    for rules, expected in ((Access(), Refusal(403)), (Access(allow=(THERE,)), None)):
        made = access(route(policy=Policy(access=rules)), surroundings)
        assert made is not None
        assert await end_of(made) == expected


async def test_without_authentication_addresses_still_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def ask(route: Route, environment: Environment) -> RequestFilter:
        return check(ASKED, waits=False)

    monkeypatch.setattr(module, "AUTH_CHECKS", (ask,))
    policy = Policy(access=Access(deny=(THERE,), basic_auth=BasicAuth("default/users")))
    elsewhere, exempt = route(policy=policy), route("/.well-known/acme-challenge/", policy=policy)
    for each, expected in ((elsewhere, ASKED), (exempt, None)):
        made = access(each, environment())
        assert made is not None
        assert await end_of(made) == Refusal(403)
        assert await end_of(made, HERE) == expected
    bare = route("/.well-known/acme-challenge", policy=Policy())
    assert access(bare, environment()) is None
