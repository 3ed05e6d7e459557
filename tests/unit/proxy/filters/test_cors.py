"""Preflights, and what every answer says of cross-origin use."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get, received

from ingressd.proxy.client.request import Request
from ingressd.proxy.filters.cors import CorsEdit, CorsPreflightFilter, cors_fields, cors_preflight
from ingressd.routing.policy import Cors, Policy

ONE = Cors(origins=("https://b.test",), methods="GET", headers="X-A", max_age=5)
OF_THE_POD = [
    b"Content-Type: text/plain\r\n",
    b"access-control-allow-origin: https://pod.test\r\n",
    b"Access-Control-Allow-Credentials: maybe\r\n",
    b"Access-Control-Expose-Headers: X-Pod\r\n",
]


def options(extra: bytes = b"") -> Request:
    return received(b"OPTIONS / HTTP/1.1\r\nHost: a.test\r\n%b\r\n" % extra)


def origin(value: bytes) -> bytes:
    return b"Origin: %b\r\n" % value


@pytest.mark.parametrize(
    ("cors", "extra", "is_answered"),
    [
        (Cors(), b"", True),
        (ONE, origin(b"https://b.test"), True),
        (ONE, origin(b"https://c.test"), False),
        (ONE, b"", False),
        (ONE, origin(b"https://b.test") + origin(b"https://b.test"), False),
    ],
)
async def test_options_of_an_origin_that_is_let_in_never_reaches_a_pod(
    cors: Cors, extra: bytes, is_answered: bool
) -> None:
    answer = CorsPreflightFilter(cors)(options(extra), None)
    assert (answer is not None) is is_answered
    assert answer is None or (answer.status, answer.content_type, answer.body) == (204, b"", b"")


async def test_other_methods_go_on() -> None:
    assert CorsPreflightFilter(Cors())(get(), None) is None


async def test_any_origin_is_told_so_and_nobody_is_echoed() -> None:
    lines = CorsEdit(Cors(expose_headers="X-B"))(get(extra=origin(b"https://x.test")), 200, [])
    assert lines == [
        b"Access-Control-Allow-Origin: *\r\n",
        b"Access-Control-Allow-Credentials: true\r\n",
        b"Access-Control-Allow-Methods: GET, PUT, POST, DELETE, PATCH, OPTIONS\r\n",
        b"Access-Control-Allow-Headers: DNT,Keep-Alive,User-Agent,X-Requested-With,"
        b"If-Modified-Since,Cache-Control,Content-Type,Range,Authorization\r\n",
        b"Access-Control-Expose-Headers: X-B\r\n",
        b"Access-Control-Max-Age: 1728000\r\n",
    ]


async def test_an_origin_is_echoed_as_it_was_written_and_caches_are_told() -> None:
    before = list(OF_THE_POD)
    lines = CorsEdit(ONE)(get(extra=origin(b"https://B.test")), 502, before)
    assert lines == [
        OF_THE_POD[0],
        OF_THE_POD[3],
        b"Access-Control-Allow-Origin: https://B.test\r\n",
        b"Access-Control-Allow-Credentials: true\r\n",
        b"Access-Control-Allow-Methods: GET\r\n",
        b"Access-Control-Allow-Headers: X-A\r\n",
        b"Access-Control-Max-Age: 5\r\n",
        b"Vary: Origin\r\n",
    ]
    assert before == OF_THE_POD


async def test_what_is_not_set_stays_as_the_pod_has_it() -> None:
    silent = Cors(origins=("null",), credentials=False)
    lines = CorsEdit(silent)(get(extra=origin(b"null")), 200, OF_THE_POD)
    assert OF_THE_POD[2] in lines
    assert OF_THE_POD[1] not in lines


async def test_others_get_what_the_pod_says() -> None:
    lines = CorsEdit(ONE)(get(extra=origin(b"https://c.test")), 200, OF_THE_POD)
    assert lines == [*OF_THE_POD, b"Vary: Origin\r\n"]


@pytest.mark.parametrize("vary", [b"Vary: *\r\n", b"vary: Accept, origin\r\n"])
async def test_caches_are_told_once(vary: bytes) -> None:
    assert CorsEdit(ONE)(get(), 200, [vary]) == [vary]


@pytest.mark.parametrize(
    ("cors", "is_built"), [(None, False), (Cors(origins=()), False), (ONE, True)]
)
async def test_a_policy_that_lets_nobody_in_costs_nothing(
    cors: Cors | None, is_built: bool
) -> None:
    wanted = route(policy=Policy(cors=cors))
    built = (cors_preflight(wanted, environment()), cors_fields(wanted, environment()))
    assert [each is not None for each in built] == [is_built, is_built]
