from __future__ import annotations

from msgspec import structs
from support.proxies import environment, route
from support.requests import get, lenient_connection

from ingressd.proxy.filters.external_auth import (
    COOKIE_STATUSES,
    CookieEdit,
    ExternalAuthFilter,
    drop_claims,
    external_auth,
)
from ingressd.proxy.filters.filter import Refusal
from ingressd.proxy.inquiry.decision import Decision
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.inquiry.memory import KeyMaker
from ingressd.routing.policy import ExternalAuth, Policy

AUTH = ExternalAuth("http://auth.test/", cache_key="$host", response_headers=("X-User", "X_Group"))
GUARDED = route(policy=Policy(external_auth=AUTH))
CHALLENGE = (b"WWW-Authenticate: Basic\r\n",)


def remembering(decision: Decision) -> ExternalAuthFilter:
    """A filter that need not ask any more."""
    inquiries = Inquiries()
    inquiries.memory.keep(KeyMaker(GUARDED, AUTH).key("a.test", "a.test"), decision, float("inf"))
    return ExternalAuthFilter(GUARDED, AUTH, inquiries)


async def test_who_names_no_service_pays_nothing() -> None:
    assert external_auth(route(), environment()) is None
    assert drop_claims(route(), environment()) is None
    silent = route(policy=Policy(external_auth=structs.replace(AUTH, response_headers=())))
    assert drop_claims(silent, environment()) is None
    assert external_auth(silent, environment()) is not None


async def test_claims_of_clients_are_dropped_but_where_nobody_is_asked() -> None:
    sent = b"x-user: root\r\nX-Mine: 1\r\nX-Group: wheel\r\nX_User: root\r\n"
    request = get(extra=sent, client=lenient_connection())
    before = request.lines
    drop = drop_claims(GUARDED, environment())
    assert drop is not None
    drop(request, None)
    assert request.lines == [b"X-Mine: 1\r\n"]
    assert len(before) == 4
    exempt = route("/.well-known/acme-challenge/x", policy=GUARDED.policy)
    assert drop_claims(exempt, environment()) is None


async def test_a_remembered_decision_is_followed_at_once() -> None:
    request = get()
    claims = (b"X-User: jane\r\n",)
    assert remembering(Decision(200, claims))(request, None) is None
    assert request.lines == [*claims]
    assert remembering(Decision(401, challenges=CHALLENGE))(get(), None) == Refusal(401, CHALLENGE)
    assert remembering(Decision(403, challenges=CHALLENGE))(get(), None) == Refusal(403)
    assert remembering(Decision(302))(get(), None) == Refusal(500)


async def test_what_is_not_remembered_has_to_be_asked_for() -> None:
    request = get()
    request.host = "b.test"
    assert callable(remembering(Decision(200))(request, None))


async def test_nobody_gets_the_cookies_of_others() -> None:
    decision = Decision(200, cookies=(b"Set-Cookie: a=1\r\n",))
    follow = remembering(decision)
    first, second = get(), get()
    follow(first, None)
    assert len(first.answer_edits) == len(first.relay_edits) == 1
    assert second.answer_edits == ()


async def test_cookies_come_with_good_answers_or_with_any() -> None:
    cookies = (b"Set-Cookie: a=1\r\n",)
    lines = [b"X: y\r\n"]
    usual, always = CookieEdit(cookies, always=False), CookieEdit(cookies, always=True)
    for status in (200, 204, 206, 303, 308, 202, 305, 404, 500):
        expected = [*lines, *cookies] if status in COOKIE_STATUSES else lines
        assert usual(get(), status, lines) == expected
        assert always(get(), status, lines) == [*lines, *cookies]
    assert lines == [b"X: y\r\n"]
