"""Who is asked for an error page, what for, and what becomes of its status."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.conversations import FakeClock
from support.error_pages import ERRORS, replacing
from support.keepers import Keeper
from support.proxies import environment, route, upstream
from support.requests import Wire, get, received, wire_of

from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Refusal
from ingressd.proxy.environment import Environment
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.relaying.error_backend import DenialExchange, ErrorBackend, error_backend
from ingressd.proxy.relaying.forwarding import Forwarding, serialise
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy, UpstreamKeepAlive
from ingressd.routing.model import Backend
from ingressd.routing.policy import Access, BasicAuth, ErrorPages, Policy, Timeouts

EVERYBODYS = Backend("ops", "errors", "80")
GUARDED = Access(basic_auth=BasicAuth("default/users"))


def surroundings(*backends: Backend, everybodys: str = "") -> Environment:
    """A worker with these Services, each of which has an endpoint."""
    made = environment()
    for backend in backends:
        made.pool.put(upstream([80], backend))
    policy = GlobalPolicy(default_backend=everybodys)
    made.current.apply(Delta(1, reset=True, global_policy=policy))
    return made


def backend_of(made: Environment, policy: Policy) -> ErrorBackend:
    found = error_backend(route(policy=policy), made)
    assert found is not None
    return found


def ask(found: ErrorBackend, request: Request, refusal: Refusal) -> Forwarding | None:
    errand = found.errand(request, refusal, Metrics())
    assert errand is None or isinstance(errand, Forwarding)
    return errand


async def test_a_route_without_such_statuses_has_none() -> None:
    assert error_backend(route(), environment()) is None


@pytest.mark.parametrize(
    ("services", "everybodys", "asked"),
    [
        ((ERRORS, EVERYBODYS), EVERYBODYS.upstream, ERRORS.upstream),
        ((EVERYBODYS,), EVERYBODYS.upstream, EVERYBODYS.upstream),
        ((EVERYBODYS,), "", None),
        ((), EVERYBODYS.upstream, None),
    ],
)
async def test_the_routes_own_is_asked_before_that_of_all_routes(
    services: tuple[Backend, ...], everybodys: str, asked: str | None
) -> None:
    found = backend_of(surroundings(*services, everybodys=everybodys), replacing())
    request = get()
    errand = ask(found, request, Refusal(404))
    assert (errand is None) == (asked is None)
    assert (request.upstream and request.upstream.upstream.key) == asked


async def test_one_without_endpoints_is_not_asked() -> None:
    made = surroundings(EVERYBODYS, everybodys=EVERYBODYS.upstream)
    made.pool.put(upstream([], ERRORS))
    request = get()
    assert ask(backend_of(made, replacing()), request, Refusal(404))
    assert request.upstream is made.pool.get(EVERYBODYS.upstream)


async def test_a_status_that_is_not_listed_has_our_page_and_nothing_is_touched() -> None:
    found = backend_of(surroundings(ERRORS), replacing())
    request = get(b"/a?b")
    before = (request.target, request.lines, request.refusal)
    assert ask(found, request, Refusal(418)) is None
    assert (request.target, request.lines, request.refusal) == before


@pytest.mark.parametrize(
    ("asked", "method", "target"),
    [
        (b"GET /a?b=c HTTP/1.1\r\n", "GET", "/?b=c"),
        (b"GET /a? HTTP/1.1\r\n", "GET", "/"),
        (b"HEAD /a HTTP/1.1\r\n", "HEAD", "/"),
        (b"DELETE /a HTTP/1.1\r\n", "DELETE", "/"),
    ],
)
async def test_the_page_is_asked_for_at_the_root_with_the_query(
    asked: bytes, method: str, target: str
) -> None:
    request = received(asked + b"Host: a.test\r\n\r\n")
    request.stand_in = found = backend_of(surroundings(ERRORS), replacing())
    assert ask(found, request, Refusal(404))
    assert (request.method, request.target) == (method, target)
    assert (request.stand_in, request.refusal) == (None, Refusal(404)), "a page of a page is ours"


POST = b"POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.parametrize(
    ("come", "is_gone", "limit", "body"),
    [
        (b"hello", False, 0, b"hello"),
        (b"hello", False, 5, b"hello"),
        (b"hello", False, 4, b""),
        (b"hell", False, 0, b""),
        (b"hello", True, 0, b""),
    ],
    ids=["here", "just-fits", "too-large", "on-its-way", "passed-on"],
)
async def test_a_body_that_is_still_here_goes_with_the_question(
    come: bytes, is_gone: bool, limit: int, body: bytes
) -> None:
    request = received(POST + come)
    request.body_consumed = is_gone
    found = backend_of(surroundings(ERRORS), replacing(body_limit=limit))
    assert ask(found, request, Refusal(413))
    assert (request.method, request.whole_body()) == ("POST", body)
    assert serialise(request, body).endswith(
        b"\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    )


@pytest.mark.parametrize(
    ("access", "is_told"), [(Access(), True), (GUARDED, False)], ids=["open", "guarded"]
)
async def test_a_password_that_is_checked_here_goes_no_further(
    access: Access, is_told: bool
) -> None:
    extra = b"Authorization: Basic eDp5\r\nIf-Range: x\r\nRange: bytes=0-1\r\nX-Own: 1\r\n"
    request = get(extra=extra)
    assert ask(backend_of(surroundings(ERRORS), replacing(access=access)), request, Refusal(404))
    names = {each.partition(b":")[0].lower() for each in request.lines}
    assert b"x-own" in names
    assert not names & {b"range", b"if-range"}
    assert (b"authorization" in names) == is_told


async def test_the_lines_of_a_refusal_come_with_the_page() -> None:
    plain = get()
    ask(backend_of(surroundings(ERRORS), replacing()), plain, Refusal(401))
    assert plain.relay_edits == ()
    challenge = b"WWW-Authenticate: Basic\r\n"
    request = get()
    ask(backend_of(surroundings(ERRORS), replacing()), request, Refusal(401, (challenge,)))
    (edit,) = request.relay_edits
    lines = [b"X: y\r\n"]
    assert edit(request, 200, lines) == [b"X: y\r\n", challenge]
    assert lines == [b"X: y\r\n"]


def exchange_of(refusal: Refusal, request: Request, policy: Policy) -> type:
    """The kind of exchange that relays the page for a refusal."""
    errand = ask(backend_of(surroundings(ERRORS), policy), request, refusal)
    assert errand is not None
    clock = FakeClock()
    pod = UpstreamConnection(clock, UpstreamKeepAlive(), Keeper())
    pod.connection_made(Wire())
    return type(errand._passage.exchange(request, pod, Timeouts(), print))


async def test_only_a_denial_of_ours_stays_one_whatever_the_page_says() -> None:
    of_pod = get()
    of_pod.refusal = Refusal(403)
    kinds = [
        exchange_of(Refusal(403), get(), replacing()) is DenialExchange,
        exchange_of(Refusal(401), get(), replacing()) is DenialExchange,
        exchange_of(Refusal(404), get(), replacing()) is DenialExchange,
        exchange_of(Refusal(403), of_pod, replacing()) is DenialExchange,
    ]
    assert kinds == [True, True, False, False]


def relayed(request: Request, answer: bytes) -> bytes:
    """What a client that was denied access gets of the page's answer."""
    request.refusal = Refusal(403)
    pod = UpstreamConnection(FakeClock(), UpstreamKeepAlive(), Keeper())
    pod.connection_made(Wire())
    exchange = DenialExchange(request, pod, Timeouts(), print)
    request.client.exchange = exchange
    pod.begin(exchange, b"")
    pod.data_received(answer)
    return wire_of(request).written


TWO = b"Content-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 Fine\r\n" + TWO, b"HTTP/1.1 403 Forbidden\r\n" + TWO),
        (b"HTTP/1.1 302 Found\r\n" + TWO, b"HTTP/1.1 403 Forbidden\r\n" + TWO),
        (b"HTTP/1.1 204 No Content\r\n\r\n",
         b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"),
        (b"HTTP/1.1 400 Odd\r\n" + TWO, b"HTTP/1.1 400 Odd\r\n" + TWO),
        (b"HTTP/1.1 410 Gone\r\n" + TWO, b"HTTP/1.1 410 Gone\r\n" + TWO),
    ],
)  # fmt: skip
async def test_a_page_for_who_was_denied_is_no_success(answer: bytes, expected: bytes) -> None:
    assert relayed(get(), answer) == expected


async def test_to_head_it_says_how_long_the_page_would_be() -> None:
    request = received(b"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n")
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
    assert relayed(request, answer) == answer.replace(b"200 OK", b"403 Forbidden")


async def test_statuses_of_ours_have_a_page_even_where_pods_answers_pass() -> None:
    policy = structs.replace(replacing(), error_pages=ErrorPages((404,), of_pods=False))
    assert ask(backend_of(surroundings(ERRORS), policy), get(), Refusal(404)) is not None
