from __future__ import annotations

import pytest

from ingressd.proxy.headers import RawHeaders
from ingressd.proxy.inquiry.courier import Reply
from ingressd.proxy.inquiry.decision import Decision, Reader
from ingressd.routing.policy import ExternalAuth, Remembered

AUTH = ExternalAuth("http://auth.test/", response_headers=("X-User", "x_group"))


def read(*fields: tuple[bytes, bytes], status: int = 200) -> Decision:
    return Reader(AUTH).read(Reply(status, fields))


def seconds(status: int, *fields: tuple[bytes, bytes], auth: ExternalAuth = AUTH) -> float:
    return Reader(auth).seconds_to_remember(Reply(status, fields))


@pytest.mark.parametrize(
    ("status", "admits", "is_clear"),
    [
        (0, False, False),
        (199, False, False),
        (200, True, True),
        (299, True, True),
        (300, False, False),
        (401, False, True),
        (403, False, True),
        (404, False, False),
        (500, False, False),
    ],
)
def test_only_2xx_admits_and_only_401_and_403_refuse(
    status: int, admits: bool, is_clear: bool
) -> None:
    decision = Decision(status)
    assert (decision.admits, decision.is_clear) == (admits, is_clear)


@pytest.mark.parametrize(
    ("fields", "claims"),
    [
        ([(b"x-user", b"jane")], (b"X-User: jane\r\n",)),
        ([(b"X_User", b"jane")], (b"X-User: jane\r\n",)),
        ([(b"X-Group", b"a"), (b"X-User", b"j"), (b"X-Group", b"b")],
         (b"X-User: j\r\n", b"x_group: a, b\r\n")),
        ([(b"X-User", b"")], ()),
        ([(b"X-User", b"a\x01b")], ()),
        ([(b"X-User", b"a\r\nX-Evil: 1")], ()),
        ([(b"X-Other", b"x")], ()),
        ([(b"X-User", b"caf\xe9")], (b"X-User: caf\xe9\r\n",)),
    ],
)  # fmt: skip
def test_claims(fields: RawHeaders, claims: tuple[bytes, ...]) -> None:
    assert read(*fields).claims == claims


def test_cookies_and_challenges_come_one_by_one() -> None:
    decision = read(
        (b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"Set-Cookie", b"c=\n3"),
        (b"WWW-Authenticate", b"Basic"), status=401,
    )  # fmt: skip
    assert decision.cookies == (b"Set-Cookie: a=1\r\n", b"Set-Cookie: b=2\r\n")
    assert decision.challenges == (b"WWW-Authenticate: Basic\r\n",)


def test_the_first_fitting_entry_counts_and_failures_never_do() -> None:
    entries = (Remembered((200, 401), 60.0), Remembered((200,), 5.0), Remembered((), 1.0))
    auth = ExternalAuth("http://auth.test/", remembered=entries)
    assert [seconds(status, auth=auth) for status in (200, 401, 403, 500, 503)] == [60, 60, 1, 0, 0]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ([], 300),
        ([(b"Cache-Control", b"public, max-age=10")], 10),
        ([(b"cache-control", b"Max-Age=10, s-maxage=20")], 20),
        ([(b"Cache-Control", b"max-age=10"), (b"Cache-Control", b"no-cache")], 0),
        ([(b"Cache-Control", b"private")], 0),
        ([(b"Cache-Control", b"no-store, max-age=10")], 0),
        ([(b"Cache-Control", b"max-age=ten")], 300),
        ([(b"Set-Cookie", b"a=1")], 0),
        ([(b"Vary", b"Cookie")], 0),
    ],
)
def test_the_answer_itself_says_whether_it_may_be_remembered(
    fields: RawHeaders, expected: float
) -> None:
    assert seconds(200, *fields) == expected
    assert seconds(403, *fields) == 0
