from __future__ import annotations

import pytest
from support.routes import route

from ingressd.routing.deciding.access import (
    AddressRules,
    Standing,
    always_asks_for_password,
    needs_no_auth,
)
from ingressd.routing.policy import Access, BasicAuth, ExternalAuth, Policy

HERE, THERE = "10.1.2.3", "192.0.2.1"


@pytest.mark.parametrize(
    ("access", "blocked", "here", "there"),
    [
        (Access(), (), "undecided", "undecided"),
        (Access(allow=("10.0.0.0/8",)), (), "admitted", "refused"),
        (Access(deny=("10.0.0.0/8",)), (), "refused", "undecided"),
        (Access(allow=("10.0.0.0/8",), deny=("10.1.2.3",)), (), "refused", "refused"),
        (Access(allow=("0.0.0.0/0", "::/0"), deny=("192.0.2.1",)), (), "admitted", "refused"),
        (Access(), ("10.0.0.0/8",), "refused", "undecided"),
        (Access(allow=("10.0.0.0/8",)), ("10.0.0.0/8",), "admitted", "refused"),
        (Access(deny=("192.0.2.1",)), ("10.0.0.0/8",), "undecided", "refused"),
    ],
)
def test_standing(access: Access, blocked: tuple[str, ...], here: str, there: str) -> None:
    rules = AddressRules(access, blocked)
    assert [rules.standing(address).value for address in (HERE, THERE)] == [here, there]
    assert bool(rules) is ((here, there) != ("undecided", "undecided"))


def test_what_is_no_address_is_in_no_list() -> None:
    assert AddressRules(Access(allow=("0.0.0.0/0",)), ()).standing("unix:") is Standing.REFUSED
    assert AddressRules(Access(deny=("0.0.0.0/0",)), ()).standing("unix:") is Standing.UNDECIDED


@pytest.mark.parametrize(
    ("path", "is_open"),
    [
        ("/.well-known/acme-challenge", True),
        ("/.well-known/acme-challenge/token", True),
        ("/.well-known", False),
        ("/", False),
    ],
)
def test_the_path_of_the_rule_decides_whether_anybody_is_asked(path: str, is_open: bool) -> None:
    assert needs_no_auth(route("Prefix", path)) is is_open
    policy = Policy(no_auth_paths=("/other",))
    assert not needs_no_auth(route("Prefix", path, policy=policy))
    assert needs_no_auth(route("Exact", "/other/x", policy=policy))


@pytest.mark.parametrize(
    ("access", "path", "asks"),
    [
        (Access(), "/", False),
        (Access(basic_auth=BasicAuth("a/b")), "/", True),
        (Access(basic_auth=BasicAuth("a/b")), "/.well-known/acme-challenge", False),
        (Access(basic_auth=BasicAuth("a/b"), allow=("::1",)), "/", True),
        (Access(basic_auth=BasicAuth("a/b"), allow=("::1",), any_suffices=True), "/", False),
        (Access(basic_auth=BasicAuth("a/b"), deny=("::1",), any_suffices=True), "/", True),
    ],
)
def test_whether_every_request_needs_a_password(access: Access, path: str, asks: bool) -> None:
    assert always_asks_for_password(route("Prefix", path, policy=Policy(access=access))) is asks


def test_a_service_may_admit_who_has_no_password() -> None:
    access = Access(basic_auth=BasicAuth("a/b"), any_suffices=True)
    policy = Policy(access=access, external_auth=ExternalAuth("http://auth"))
    assert not always_asks_for_password(route("Prefix", "/", policy=policy))
