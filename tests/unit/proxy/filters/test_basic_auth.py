from __future__ import annotations

import base64
from collections.abc import AsyncIterator

import pytest
from support.hashes import OF_SECRET
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.basic_auth import basic_auth, hide_password
from ingressd.proxy.filters.filter import Refusal, RequestFilter, Stop
from ingressd.proxy.passwords import checker
from ingressd.routing.delta import Delta
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import Access, BasicAuth, Policy, UserForm

ASKED = Refusal(401, (b'WWW-Authenticate: Basic realm=""\r\n',))


@pytest.fixture
async def surroundings() -> AsyncIterator[Environment]:
    made = environment()
    yield made
    made.passwords.close()


def publish(surroundings: Environment, version: str = "1", **entries: bytes) -> None:
    secret = SecretMaterial("default/users", version, entries)
    surroundings.current.apply(Delta(1, secrets=(secret,)))


def policy(**fields: object) -> Policy:
    wanted = BasicAuth("default/users", **fields)  # type: ignore[arg-type]
    return Policy(access=Access(basic_auth=wanted))


def built(surroundings: Environment, **fields: object) -> RequestFilter:
    made = basic_auth(route(policy=policy(**fields)), surroundings)
    assert made is not None
    return made


def asking(user: bytes, password: bytes) -> Request:
    encoded = base64.b64encode(user + b":" + password)
    return get(extra=b"Authorization: Basic %b\r\nAccept: */*\r\n" % encoded)


async def ends(act: RequestFilter, request: Request) -> tuple[Stop | None, bool]:
    """How it ends, and whether that had to be waited for."""
    end = act(request, None)
    return (await end(), True) if callable(end) else (end, False)


async def test_who_has_logged_in_need_not_wait_again(surroundings: Environment) -> None:
    publish(surroundings, auth=b"jane:" + OF_SECRET["apr1"])
    act = built(surroundings)
    for waited in (True, False):
        assert await ends(act, asking(b"jane", b"secret")) == (None, waited)
        assert await ends(act, asking(b"jane", b"wrong")) == (ASKED, waited)
        assert await ends(act, asking(b"joe", b"secret")) == (ASKED, waited)


@pytest.mark.parametrize("extra", [b"", b"Authorization: Bearer x\r\n"])
async def test_who_says_nothing_is_asked(surroundings: Environment, extra: bytes) -> None:
    publish(surroundings, auth=b"jane:" + OF_SECRET["apr1"])
    assert await ends(built(surroundings), get(extra=extra)) == (ASKED, False)
    asked = Refusal(401, (b'WWW-Authenticate: Basic realm="The shop"\r\n',))
    assert await ends(built(surroundings, realm="The shop"), get(extra=extra)) == (asked, False)


async def test_users_are_those_of_the_moment(surroundings: Environment) -> None:
    act = built(surroundings, form=UserForm.MAP)
    jane = asking(b"jane", b"secret")
    assert await ends(act, jane) == (Refusal(503), False)
    publish(surroundings, jane=OF_SECRET["sha"])
    assert await ends(act, jane) == (None, True)
    publish(surroundings, "2", ann=OF_SECRET["sha"])
    assert await ends(act, jane) == (ASKED, True)
    surroundings.current.apply(Delta(3, removed_secrets=("default/users",)))
    assert await ends(act, jane) == (Refusal(503), False)


async def test_a_policy_without_a_secret_lets_nobody_in(surroundings: Environment) -> None:
    wanted = Policy(access=Access(basic_auth=BasicAuth()))
    act = basic_auth(route(policy=wanted), surroundings)
    assert act is not None
    assert await ends(act, asking(b"jane", b"secret")) == (Refusal(503), False)


async def test_too_many_are_told_to_come_back(
    surroundings: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(surroundings, auth=b"jane:" + OF_SECRET["apr1"])
    monkeypatch.setattr(checker, "MOST_WAITING", 0)
    refusal = Refusal(503, (b"Retry-After: 1\r\n",))
    assert await ends(built(surroundings), asking(b"jane", b"secret")) == (refusal, True)


async def test_pods_learn_no_password(surroundings: Environment) -> None:
    request = asking(b"jane", b"secret")
    act = hide_password(route(policy=policy()), surroundings)
    assert act is not None
    assert act(request, None) is None
    assert request.lines == [b"Accept: */*\r\n"]


async def test_other_routes_pass_on_what_clients_say(surroundings: Environment) -> None:
    assert basic_auth(route(), surroundings) is None
    assert hide_password(route(), surroundings) is None
    challenge = route("/.well-known/acme-challenge/x", policy=policy())
    assert hide_password(challenge, surroundings) is None
