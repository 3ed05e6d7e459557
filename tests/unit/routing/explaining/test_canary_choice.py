"""What is said about which backend a request goes to."""

from __future__ import annotations

from msgspec import structs
from support.routes import route, upstream

from ingressd.routing.explaining.canary_choice import CanaryChoice, choose_canary
from ingressd.routing.model import Alternative, Backend, Upstream
from ingressd.routing.policy import DEFAULT_POLICY, CanaryPolicy, CookieAffinity, Policy

MAIN, NEW, NEXT = upstream(), upstream("default/new:80"), upstream("default/next:80")
STICKY = CookieAffinity()
HEADER = CanaryPolicy(header="X-Canary", weight=20)


def alternative(policy: CanaryPolicy, service: str = "new") -> Alternative:
    affinity = STICKY if policy.is_sticky else None
    return Alternative(
        f"default/{service}", "f", Backend("default", service, "80"), policy, affinity
    )


def chosen(
    *alternatives: Alternative,
    policy: Policy = DEFAULT_POLICY,
    main: Upstream = MAIN,
    gone: tuple[str, ...] = (),
    **said: str,
) -> CanaryChoice:
    """``said`` are a header and a cookie of the request."""
    shared = structs.replace(route("Prefix", "/", policy=policy), alternatives=alternatives)
    known = {each.key: each for each in (MAIN, NEW, NEXT) if each.key not in gone}
    header, cookie = said.get("header"), said.get("cookie")
    return choose_canary(
        shared, main, known, {"x-canary": header}.get, {"INGRESSCOOKIE": cookie}.get
    )


def test_without_canaries_there_is_nothing_to_say() -> None:
    assert chosen() == CanaryChoice(MAIN, None)


def test_the_default_backend_has_no_canaries() -> None:
    assert chosen(alternative(HEADER), main=NEXT) == CanaryChoice(NEXT, None)


def test_a_header_decides() -> None:
    assert chosen(alternative(HEADER), header="always") == CanaryChoice(
        NEW, STICKY, "the header X-Canary gives it to default/new:80 (canary default/new)"
    )


def test_chance_decides() -> None:
    found = chosen(alternative(HEADER), alternative(CanaryPolicy(weight=30), "next"))
    assert found == CanaryChoice(
        MAIN,
        None,
        "chance decides: 20 % go to default/new:80 (canary default/new), "
        "30 % go to default/next:80 (canary default/next), the others to default/web:80",
    )


def test_chance_may_be_certain() -> None:
    everything = alternative(CanaryPolicy(weight=100))
    found = chosen(everything, alternative(HEADER, "next"))
    assert found.upstream == NEW
    assert found.reason == "chance decides: 100 % go to default/new:80 (canary default/new)"


def test_no_canary_takes_it() -> None:
    found = chosen(alternative(HEADER), header="never")
    assert (found.upstream, "goes to default/web:80" in found.reason) == (MAIN, True)


def test_what_is_meant_for_a_canary_without_endpoints_stays() -> None:
    found = chosen(alternative(HEADER), header="always", gone=("default/new:80",))
    assert found.upstream == MAIN
    assert found.reason.endswith("which has no endpoint and leaves it to default/web:80")


def test_the_cookie_that_keeps_clients_is_named() -> None:
    sticky = Policy(affinity=STICKY)
    kept = chosen(alternative(HEADER), policy=sticky, cookie="x|y", header="always")
    assert kept.reason.startswith("the cookie INGRESSCOOKIE keeps clients with the backend")
    assert chosen(alternative(HEADER), policy=sticky, header="always").reason.startswith(
        "the header"
    )
