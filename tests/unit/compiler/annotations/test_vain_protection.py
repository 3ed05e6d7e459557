from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.vain_protection import closes, who_does_without
from ingressd.routing.policy import Access, Policy

PREFIX = "nginx.ingress.kubernetes.io"
OWN_ALLOW, OWN_DENY = {"allowlist-source-range": "10.0.0.1"}, {"denylist-source-range": "10.0.0.1"}


@pytest.mark.parametrize(
    ("key", "annotations", "is_closed"),
    [
        ("whitelist-source-range", OWN_ALLOW, False),
        ("whitelist-source-range", {"whitelist-source-range": "0.0.0.0/0"}, False),
        ("whitelist-source-range", {"allowlist-source-range": "everybody"}, True),
        ("whitelist-source-range", OWN_DENY, True),
        ("denylist-source-range", OWN_DENY, False),
        ("denylist-source-range", OWN_ALLOW, True),
        ("block-cidrs", OWN_ALLOW, False),
        ("block-cidrs", OWN_DENY, False),
        ("block-user-agents", OWN_ALLOW, True),
        ("global-auth-url", {"enable-global-auth": "false"}, False),
        ("global-auth-url", {"enable-global-auth": "true"}, True),
        ("global-auth-url", {"enable-global-auth": "no"}, True),
        ("global-auth-url", {"auth-url": "http://auth"}, False),
        ("global-auth-response-headers", {"auth-url": "http://auth"}, False),
        ("http-snippet", {**OWN_ALLOW, "enable-global-auth": "false"}, True),
    ],
)
def test_who_says_itself_what_the_configmap_says_in_vain_stays_open(
    key: str, annotations: dict[str, str], is_closed: bool
) -> None:
    named = {f"{PREFIX}/{name}": text for name, text in annotations.items()}
    reading = read_annotations(named, PREFIX, Directives(lacking=(key,)))
    assert reading.is_blocked is reading.directives.policy.is_closed is is_closed


def test_nobody_is_closed_where_nothing_is_lacking() -> None:
    assert not closes(Directives())


def test_a_canary_is_as_open_as_the_routes_that_it_shares() -> None:
    canary = {f"{PREFIX}/canary": "true", f"{PREFIX}/canary-weight": "10"}
    base = Directives(lacking=("whitelist-source-range",))
    assert not read_annotations(canary, PREFIX, base).is_blocked
    assert read_annotations({**canary, f"{PREFIX}/canary": "false"}, PREFIX, base).is_blocked


def test_a_list_of_all_ingresses_replaces_what_is_blocked_for_all() -> None:
    policy = Policy(access=Access(allow=("10.0.0.0/8",)))
    assert not closes(Directives(policy=policy, lacking=("block-cidrs",)))


def test_who_does_without_is_told_by_annotation() -> None:
    assert "with allowlist-source-range" in who_does_without("whitelist-source-range")
    assert 'enable-global-auth: "false"' in who_does_without("global-auth-url")
    assert not who_does_without("block-user-agents")
