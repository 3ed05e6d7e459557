from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.request import Request
from ingressd.proxy.filters.access import AccessFilter
from ingressd.proxy.filters.filter import Refusal, Stop, Wait
from ingressd.proxy.filters.signin import SigninFilter, access_or_signin
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Access, BasicAuth, ExternalAuth, Policy

CHALLENGE = b"WWW-Authenticate: Basic\r\n"
ELSEWHERE = ExternalAuth("http://auth.test/", signin="http://$host/in?x=$arg_x")


class Guard:
    """A filter that says what it is told to say, at once or after a wait."""

    def __init__(self, says: Stop | None, *, waits: bool) -> None:
        self.says, self.waits = says, waits

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        return self._later if self.waits else self.says

    async def _later(self) -> Stop | None:
        return self.says


async def said(says: Stop | None, *, waits: bool, auth: ExternalAuth = ELSEWHERE) -> Stop | None:
    settings = environment().settings
    guarded = route(policy=Policy(external_auth=auth))
    stop = SigninFilter(Guard(says, waits=waits), guarded, auth, settings)(get(b"/a?x=1"), None)
    return await stop() if callable(stop) else stop


@pytest.mark.parametrize("waits", [False, True])
async def test_401_becomes_a_redirect_that_keeps_its_challenge(waits: bool) -> None:
    stop = await said(Refusal(401, (CHALLENGE,)), waits=waits)
    assert isinstance(stop, Answer)
    where = b"Location: http://a.test/in?x=1&rd=http://a.test%2Fa%3Fx%3D1\r\n"
    assert (stop.status, stop.lines) == (302, (where, CHALLENGE))


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "says", [None, Refusal(403), Refusal(500), Refusal(503), Answer(302, b"", b"")]
)
async def test_all_else_stays_as_it_is(says: Stop | None, waits: bool) -> None:
    assert await said(says, waits=waits) is says


async def test_a_path_leads_to_the_host_that_was_asked_for() -> None:
    auth = ExternalAuth("http://auth.test/", signin="/in?rd=1")
    stop = await said(Refusal(401), waits=False, auth=auth)
    assert isinstance(stop, Answer)
    assert stop.lines == (b"Location: http://a.test/in?rd=1\r\n",)


async def test_it_is_built_only_where_there_is_somewhere_to_sign_in() -> None:
    closed = Access(deny=("10.0.0.0/8",))
    basic = Access(basic_auth=BasicAuth("default/users"))
    built = {
        name: type(access_or_signin(route(policy=policy), environment()))
        for name, policy in {
            "open": Policy(),
            "addresses": Policy(access=closed),
            "password": Policy(access=basic),
            "service": Policy(external_auth=ExternalAuth("http://auth.test/")),
            "signin": Policy(external_auth=ELSEWHERE),
            "both": Policy(external_auth=ELSEWHERE, access=basic),
        }.items()
    }
    assert built == {
        "open": type(None),
        "addresses": AccessFilter,
        "password": AccessFilter,
        "service": AccessFilter,
        "signin": SigninFilter,
        "both": SigninFilter,
    }
