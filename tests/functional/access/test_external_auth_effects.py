"""What becomes of a decision: for the client, for the pod, and for the next request."""

from __future__ import annotations

import asyncio

import pytest
from msgspec import structs
from support.clients import connect, fetch
from support.guarded import answer, guarded, policy
from support.pods import OK, answering, pod
from support.proxies import proxy, simple

from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import Access, BasicAuth, Remembered


async def test_challenges_of_401_are_passed_on() -> None:
    both = b'WWW-Authenticate: Basic realm="a"\r\nWWW-Authenticate: Bearer\r\nX-Other: x\r\n'
    async with guarded(answering(answer(401, both))) as it:
        response = await it.get()
        assert response.values(b"www-authenticate") == [b'Basic realm="a"', b"Bearer"]
        assert response.value(b"x-other") is None
        assert b"401" in response.body


async def test_claims_reach_the_pod_and_clients_make_none() -> None:
    claims = b"X-User: jane\r\nX-Groups: a\r\nx-groups: b\r\nX-Empty: \r\nX-Secret: s\r\n"
    names = ("X-User", "x-groups", "X_Token", "X-Empty", "X-Absent")
    async with guarded(answering(answer(200, claims)), response_headers=names) as it:
        extra = b"x-user: root\r\nX-Absent: root\r\nX-Empty: root\r\nX-Mine: 1\r\n"
        assert (await it.get(b"/", extra)).value(b"x-user") is None
        (question,), (received,) = it.service.requests, it.web.requests
        assert question.value(b"x-absent") == b"root", "the service may judge what clients say"
        assert received.values(b"x-user") == [b"jane"]
        assert received.values(b"x-groups") == [b"a, b"]
        told = {name.lower() for name, _ in received.headers}
        assert told.isdisjoint({b"x-absent", b"x-empty", b"x-secret"})
        assert received.value(b"x-mine") == b"1"


async def test_clients_make_no_claims_where_their_address_suffices() -> None:
    async with pod(answering(answer(403))) as service, pod() as web:
        guard = structs.replace(
            policy(service.port, response_headers=("X-User",)),
            access=Access(allow=("127.0.0.0/8",), any_suffices=True),
        )
        async with proxy(simple([web.port], guard)) as running, connect(running.port) as client:
            assert (await client.get(extra=b"X-User: root\r\n")).status == 200
        assert service.requests == []
        assert web.requests[0].value(b"x-user") is None


@pytest.mark.parametrize(
    ("decision", "always", "of_the_pod", "status", "gets_cookies"),
    [
        (200, False, 200, 200, True),
        (200, False, 302, 302, True),
        (200, False, 404, 404, False),
        (200, True, 404, 404, True),
        (401, False, 200, 401, False),
        (401, True, 200, 401, True),
        (403, True, 200, 403, True),
        (500, False, 200, 500, False),
    ],
)
async def test_cookies_of_the_service_reach_the_client(
    decision: int, always: bool, of_the_pod: int, status: int, gets_cookies: bool
) -> None:
    said = answer(decision, b"Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n")
    web = answering(answer(of_the_pod, b"Set-Cookie: pod=3\r\n"))
    async with guarded(answering(said), web, always_set_cookie=always) as it:
        response = await it.get()
        assert response.status == status
        expected = [b"pod=3"] if it.web.requests else []
        if gets_cookies:
            expected += [b"a=1; Path=/", b"b=2"]
        assert response.values(b"set-cookie") == expected
        again = await it.get()
        assert again.values(b"set-cookie") == expected, "not one more with each request"


@pytest.mark.parametrize(
    ("signin", "parameter", "location"),
    [
        ("http://$host/start", "rd", b"http://a.test/start?rd=http://a.test%2F%3Fa%3Db%26c%3Dd"),
        ("http://x.test/?a=b", "rd", b"http://x.test/?a=b&rd=http://a.test%2F%3Fa%3Db%26c%3Dd"),
        ("http://x.test/?rd=$scheme", "rd", b"http://x.test/?rd=http"),
        ("http://x.test/?rd=", "rd", b"http://x.test/?rd=&rd=http://a.test%2F%3Fa%3Db%26c%3Dd"),
        ("http://x.test", "back", b"http://x.test?back=http://a.test%2F%3Fa%3Db%26c%3Dd"),
        ("http://x.test/?rd=1", "b", b"http://x.test/?rd=1&b=http://a.test%2F%3Fa%3Db%26c%3Dd"),
        ("/in?rd=$request_uri", "rd", b"http://a.test/in?rd=/?a=b&c=d"),
    ],
)
async def test_who_is_not_known_is_sent_to_sign_in(
    signin: str, parameter: str, location: bytes
) -> None:
    said = answering(answer(401, b"Set-Cookie: a=1\r\nWWW-Authenticate: Basic\r\n"))
    async with guarded(said, signin=signin, signin_parameter=parameter) as it:
        response = await it.get(b"/?a=b&c=d")
        assert (response.status, response.value(b"location")) == (302, location)
        assert response.value(b"set-cookie") == b"a=1"
        assert response.value(b"www-authenticate") == b"Basic", "as with nginx"


async def test_no_line_can_be_added_to_the_redirect() -> None:
    said = answering(answer(401))
    async with guarded(said, signin="http://x.test$uri?rd=$http_x_user") as it:
        response = await it.get(b"/%0d%0aX-Evil:%201", b"X-User: a b\xc3\xa9\xff\r\n")
        where = b"http://x.test/%0D%0AX-Evil:%201?rd=a%20b%C3%A9%FF"
        assert response.value(b"location") == where
        assert response.value(b"x-evil") is None


async def test_who_is_refused_and_who_is_unlucky_is_not_sent_to_sign_in() -> None:
    for status in (403, 500):
        async with guarded(answering(answer(status)), signin="http://x.test/") as it:
            assert (await it.get()).status == status


async def test_large_fields_pass() -> None:
    token = b"t" * 40_000
    said = answer(200, b"X-Token: %b\r\nSet-Cookie: c=%b\r\n" % (token, token[:12_000]))
    async with guarded(answering(said), response_headers=("X-Token",)) as it:
        cookie = b"Cookie: s=%b\r\n" % (b"c" * 20_000)
        response = await it.get(extra=cookie)
        assert response.value(b"set-cookie") == b"c=" + token[:12_000]
        assert it.service.requests[0].value(b"cookie") == b"s=" + b"c" * 20_000
        assert it.web.requests[0].value(b"x-token") == token


async def test_fields_beyond_all_measure_admit_nobody() -> None:
    said = answer(200, b"X-Token: %b\r\n" % (b"t" * 200_000))
    async with guarded(answering(said)) as it:
        assert (await it.get()).status == 500


async def test_a_decision_is_remembered_by_what_the_key_says() -> None:
    said = answer(200, b"X-User: jane\r\n")
    keyed = {"cache_key": "$cookie_sid$request_method", "response_headers": ("X-User",)}
    async with guarded(answering(said), **keyed) as it:
        for cookie in (b"1", b"2", b"1", b"2", b"1"):
            assert (await it.get(b"/", b"Cookie: sid=%b\r\n" % cookie)).status == 200
        assert len(it.service.requests) == 2
        assert [each.value(b"x-user") for each in it.web.requests] == [b"jane"] * 5


@pytest.mark.parametrize(
    ("said", "questions"),
    [
        (answer(401, b"WWW-Authenticate: Basic\r\n"), 1),
        (answer(403), 2),
        (answer(204), 2),
        (answer(503), 2),
        (answer(200, b"Set-Cookie: a=1\r\n"), 2),
        (answer(200, b"Cache-Control: No-Store\r\n"), 2),
        (answer(200, b"Cache-Control: max-age=0\r\n"), 2),
        (answer(403, b"Cache-Control: max-age=60\r\n"), 2),
        (answer(200, b"Vary: Cookie\r\n"), 2),
    ],
)
async def test_not_every_decision_is_remembered(said: bytes, questions: int) -> None:
    async with guarded(answering(said), cache_key="$host") as it:
        first, second = await it.get(), await it.get()
        assert first.status == second.status
        assert first.value(b"www-authenticate") == second.value(b"www-authenticate")
        assert len(it.service.requests) == questions


async def test_a_decision_is_forgotten_in_time_and_with_a_change_of_what_is_asked() -> None:
    async with pod(answering(OK)) as service, pod() as web:
        short = policy(service.port, cache_key="$host", remembered=(Remembered((200,), 0.2),))
        long = policy(service.port, cache_key="$host", method="GET")
        async with proxy(simple([web.port], short)) as running:
            await fetch(running.port)
            await fetch(running.port)
            assert len(service.requests) == 1
            async with asyncio.timeout(5):
                while len(service.requests) == 1:
                    await fetch(running.port)
            running.apply(simple([web.port], long))
            await fetch(running.port)
            await fetch(running.port)
            assert len(service.requests) == 3


async def test_a_wrong_password_is_sent_to_sign_in_too() -> None:
    users = SecretMaterial("default/users", "v1", {"auth": b"jane:{PLAIN}secret\n"})
    async with pod(answering(OK)) as service, pod() as web:
        guard = structs.replace(
            policy(service.port, signin="http://login.test/"),
            access=Access(basic_auth=BasicAuth("default/users", realm="r")),
        )
        delta = structs.replace(simple([web.port], guard), secrets=(users,))
        async with proxy(delta) as running, connect(running.port) as client:
            stranger = await client.get()
            assert (stranger.status, stranger.value(b"www-authenticate")) == (
                302,
                b'Basic realm="r"',
            )
            assert service.requests == [], "as in nginx, passwords come first"
            known = b"Authorization: Basic amFuZTpzZWNyZXQ=\r\n"
            assert (await client.get(extra=known)).status == 200
        assert service.requests[0].value(b"authorization") == b"Basic amFuZTpzZWNyZXQ="
        assert web.requests[0].value(b"authorization") is None
