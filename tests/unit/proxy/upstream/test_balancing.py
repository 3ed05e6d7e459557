"""Which endpoint a balancer picks, and the cookie it sets."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter

import pytest
from msgspec import structs
from support.proxies import route
from support.requests import client_connection, get, proxy_connection

from ingressd.proxy.client.request import Request
from ingressd.proxy.clock import Clock
from ingressd.proxy.upstream.affinity import group_hash
from ingressd.proxy.upstream.balancing import (
    ChoiceBalancer,
    CookieBalancer,
    ServiceAffinity,
    group_in,
    misreads_same_site_none,
)
from ingressd.proxy.upstream.endpoint import Dialer, PooledEndpoint
from ingressd.proxy.upstream.endpoints import PooledUpstream
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.proxy.upstream.response_time import ResponseTime
from ingressd.routing.model import Endpoint, Upstream
from ingressd.routing.policy import AffinityMode, CookieAffinity, LoadBalance, UpstreamPolicy

KEY = b"0123456789abcdef"
MODES = pytest.mark.parametrize("mode", list(AffinityMode))


def upstream(count: int, **fields: object) -> PooledUpstream:
    loop = asyncio.get_running_loop()
    dialer = Dialer(loop, Clock(loop), Resolver())
    endpoints = tuple(Endpoint(f"10.0.0.{number}", 80) for number in range(count))
    return PooledUpstream(Upstream("u", endpoints, **fields), dialer)  # type: ignore[arg-type]


def balancer(mode: AffinityMode, **fields: object) -> CookieBalancer:
    return CookieBalancer(CookieAffinity(mode=mode, **fields), "/app", KEY)  # type: ignore[arg-type]


def cookie_line(set_cookie: bytes) -> bytes:
    return b"Cookie: %b\r\n" % set_cookie.partition(b": ")[2].partition(b";")[0]


async def test_round_robin_without_affinity() -> None:
    three = upstream(3)
    picked = [ServiceAffinity().pick(get(), three, ()) for _ in range(6)]
    assert len(set(picked)) == 3 and picked[:3] == picked[3:]


async def test_a_client_address_stays_while_others_come_and_moves_on_failure() -> None:
    three = upstream(3, client_ip_timeout=100)
    client = client_connection(remote="192.0.2.9")
    first = ServiceAffinity().pick(get(client=client), three, ())
    assert first is not None
    assert ServiceAffinity().pick(get(client=client), three, ()) is first
    second = ServiceAffinity().pick(get(client=client), three, (first,))
    assert second is not None and second is not first
    assert ServiceAffinity().pick(get(client=client), three, ()) is second


async def test_clients_behind_a_believed_proxy_are_told_apart() -> None:
    many = upstream(50, client_ip_timeout=100)
    clients = [b"X-Forwarded-For: 192.0.2.%d\r\n" % number for number in range(20)]
    connection = proxy_connection()

    def picked() -> list[object]:
        return [
            ServiceAffinity().pick(get(extra=each, client=connection), many, ()) for each in clients
        ]

    first = picked()
    assert len(set(first)) > 5
    assert picked() == first


async def test_no_endpoint() -> None:
    assert ServiceAffinity().pick(get(), upstream(0), ()) is None
    assert ServiceAffinity().pick(get(), upstream(0, client_ip_timeout=9), ()) is None


@MODES
async def test_a_cookie_leads_back(mode: AffinityMode) -> None:
    five, balance = upstream(5), balancer(mode)
    request = get()
    first = balance.pick(request, five, ())
    again = get(extra=cookie_line(request.affinity_cookie))
    assert balance.pick(again, five, ()) is first
    assert again.affinity_cookie == b""


@MODES
@pytest.mark.parametrize("change_on_failure", [False, True])
async def test_who_leaves_an_endpoint_that_fails(
    mode: AffinityMode, change_on_failure: bool
) -> None:
    five, balance = upstream(5), balancer(mode, change_on_failure=change_on_failure)
    request = get()
    first = balance.pick(request, five, ())
    assert first is not None
    assert balance.pick(request, five, (first,)) is not first  # a client that has no cookie yet
    bound = get(extra=cookie_line(request.affinity_cookie))
    home = balance.pick(bound, five, ())
    assert home is not None
    assert (balance.pick(bound, five, (home,)) is not home) is change_on_failure
    assert bool(bound.affinity_cookie) is change_on_failure


@MODES
async def test_a_single_endpoint_is_tried_again(mode: AffinityMode) -> None:
    one = upstream(1)
    first = balancer(mode).pick(get(), one, ())
    assert first is not None
    assert balancer(mode).pick(get(), one, (first, first)) is first


async def test_a_cookie_is_secure_where_the_client_spoke_https_to_a_believed_proxy() -> None:
    request = get(extra=b"X-Forwarded-Proto: https\r\n", client=proxy_connection())
    balancer(AffinityMode.BALANCED).pick(request, upstream(1), ())
    assert b"; Secure;" in request.affinity_cookie


async def test_cookie_attributes_follow_policy_and_scheme() -> None:
    request = get(client=client_connection("https"))
    balancer(AffinityMode.BALANCED, same_site="None", max_age=5).pick(request, upstream(1), ())
    attributes = request.affinity_cookie.rstrip(b"\r\n").split(b"; ")[1:]
    assert attributes == [b"Max-Age=5", b"Path=/app", b"Secure", b"HttpOnly", b"SameSite=None"]


def routed(raw: bytes = b"/") -> Request:
    """A request of a route, which a text may refer to."""
    request = get(raw)
    request.route = route()
    return request


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (0, b"; Expires=Tue, 14-Nov-23 22:13:20 GMT;"),
        (20 * 366 * 86400, b"; Expires=Sun, 29-Nov-2043 22:13:20 GMT;"),
        (-(1 << 63), b"; Expires=Thu, 01-Jan-70 00:00:00 GMT;"),
        ((1 << 63) - 1, b"; Expires=Fri, 31-Dec-9999 23:59:59 GMT;"),
    ],
)
async def test_a_cookie_expires_at_a_moment_that_there_is(
    expires: int, expected: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_000.0)
    request = get()
    balancer(AffinityMode.BALANCED, expires=expires).pick(request, upstream(1), ())
    assert expected in request.affinity_cookie


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/caf\xe9 100%", b"; Path=/caf%C3%A9%20100%25;"),
        ("/\udcff", b"; Path=/%FF;"),
        ("/a;Domain=b.test", b"; Path=/a%3BDomain=b.test;"),
        ("/a(/|$)(.*)", b"; Path=/a(/|$)(.*);"),
    ],
)
async def test_the_path_of_the_rule_is_written_as_browsers_ask_for_it(
    path: str, expected: bytes
) -> None:
    request = get()
    CookieBalancer(CookieAffinity(), path, KEY).pick(request, upstream(1), ())
    assert expected in request.affinity_cookie


async def test_equal_texts_lead_to_the_same_endpoint_in_every_worker() -> None:
    policy = UpstreamPolicy(hash_by="$arg_user")
    ours, theirs = upstream(5, policy=policy), upstream(5, policy=policy)
    pick = ServiceAffinity().pick
    for number in range(50):
        target = b"/%d?user=u%d" % (random.randrange(1000), number % 10)
        first, second = pick(routed(target), ours, ()), pick(routed(target), theirs, ())
        assert first is not None and second is not None and first.endpoint == second.endpoint
    picked = {pick(routed(b"/?user=u%d" % number), ours, ()) for number in range(100)}
    assert picked == set(ours.endpoints)


async def test_a_text_moves_on_failure_and_only_the_texts_of_a_lost_endpoint_move() -> None:
    five = upstream(5, policy=UpstreamPolicy(hash_by="$uri"))
    pick = ServiceAffinity().pick
    paths = [b"/%d" % number for number in range(200)]
    before = {path: pick(routed(path), five, ()) for path in paths}
    lost = five.endpoints[2]
    assert all(pick(routed(path), five, (lost,)) is not lost for path in paths)
    lost.avoid()
    assert all(pick(routed(path), five, ()) is not lost for path in paths)
    kept = [endpoint for endpoint in five.upstream.endpoints if endpoint != lost.endpoint]
    five.update(structs.replace(five.upstream, endpoints=tuple(kept)))
    assert all(before[path] in (lost, pick(routed(path), five, ())) for path in paths)


async def test_a_text_that_is_no_utf_8_has_an_endpoint_too() -> None:
    three = upstream(3, policy=UpstreamPolicy(hash_by="$uri"))
    picked = {ServiceAffinity().pick(routed(b"/%FF"), three, ()) for _ in range(5)}
    assert len(picked) == 1


async def test_a_subset_takes_turns_at_random() -> None:
    policy = UpstreamPolicy(hash_by="$uri", hash_by_subset=True, hash_by_subset_size=2)
    ten = upstream(10, policy=policy)
    pick = ServiceAffinity().pick
    subsets = [{pick(routed(b"/%d" % path), ten, ()) for _ in range(40)} for path in range(30)]
    assert {len(subset) for subset in subsets} == {2}
    assert set.union(*subsets) == set(ten.endpoints)
    first, second = subsets[0]
    assert second in {pick(routed(b"/0"), ten, (first,)) for _ in range(40)}


async def test_a_subset_is_no_larger_than_what_there_is() -> None:
    policy = UpstreamPolicy(hash_by="$uri", hash_by_subset=True, hash_by_subset_size=9)
    two = upstream(2, policy=policy)
    assert {ServiceAffinity().pick(routed(), two, ()) for _ in range(40)} == set(two.endpoints)


EWMA = UpstreamPolicy(load_balance=LoadBalance.EWMA)


def answered(request: Request, status: int = 200) -> None:
    """The head of an answer comes, and then its end."""
    for edit in request.relay_edits:
        assert edit(request, status, [b"X: y\r\n"]) == [b"X: y\r\n"]
    ended(request)


def ended(request: Request) -> None:
    assert request.at_end is not None
    request.at_end()


def noted(pooled: PooledEndpoint, seconds: float) -> None:
    """Give an endpoint a history of answers that took so long."""
    pooled.response_time = ResponseTime(seconds, time.monotonic())


async def test_the_faster_of_two_gets_the_request() -> None:
    two = upstream(2, policy=EWMA)
    slow, fast = two.endpoints
    noted(slow, 0.5)
    noted(fast, 0.01)
    assert {ServiceAffinity().pick(get(), two, ()) for _ in range(20)} == {fast}


async def test_of_many_endpoints_only_the_slowest_gets_nothing() -> None:
    random.seed(7)
    five = upstream(5, policy=EWMA)
    for place, pooled in enumerate(five.endpoints):
        noted(pooled, 0.1 * (place + 1))
    counts = Counter(ServiceAffinity().pick(get(), five, ()) for _ in range(2000))
    shares = [counts[pooled] / 2000 for pooled in five.endpoints]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(0.4, abs=0.05) and shares[4] == 0


async def test_what_has_failed_is_passed_over_though_it_was_fast() -> None:
    three = upstream(3, policy=EWMA)
    fast, failing, slow = three.endpoints
    noted(fast, 0.001)
    noted(failing, 0.01)
    noted(slow, 0.5)
    failing.avoid()
    assert {ServiceAffinity().pick(get(), three, (fast,)) for _ in range(20)} == {slow}


async def test_an_endpoint_that_is_new_counts_as_the_others_do() -> None:
    two = upstream(2, policy=EWMA)
    noted(two.endpoints[0], 0.2)
    assert ServiceAffinity().pick(get(), two, ()) is not None
    new = two.endpoints[1].response_time
    assert new is not None and new.score(time.monotonic()) == pytest.approx(0.2, rel=0.01)


async def test_the_time_to_the_head_is_noted_once_and_the_end_is_told_to_others() -> None:
    request, told = get(), list[str]()
    request.at_end = lambda: told.append("end")
    single = upstream(1, policy=EWMA)
    (one,) = single.endpoints
    noted(one, 9.0)
    history = one.response_time
    assert history is not None
    history._noted_at -= 60.0
    assert ServiceAffinity().pick(request, single, ()) is one
    answered(request)
    assert told == ["end"]
    after = history.score(time.monotonic())
    assert after < 0.1
    ended(request)
    assert history.score(time.monotonic()) <= after


async def test_a_pod_that_never_answers_is_slow() -> None:
    single = upstream(1, policy=EWMA)
    request = get()
    (one,) = single.endpoints
    assert ServiceAffinity().pick(request, single, ()) is one
    history = one.response_time
    assert history is not None
    stopwatch = request.at_end.__self__  # type: ignore[union-attr]
    stopwatch._started -= 30.0
    history._noted_at -= 30.0
    ended(request)
    assert history.score(time.monotonic()) > 20


async def test_round_robin_measures_nothing() -> None:
    request = get()
    ServiceAffinity().pick(request, upstream(2), ())
    assert (request.at_end, request.relay_edits) == (None, ())


async def test_cookie_affinity_goes_before_a_text() -> None:
    policy = UpstreamPolicy(hash_by="$uri")
    five, balance = upstream(5, policy=policy), balancer(AffinityMode.PERSISTENT)
    assert len({balance.pick(routed(), five, ()) for _ in range(10)}) == 5


async def test_the_client_address_goes_before_speed_and_a_text_before_both() -> None:
    three = upstream(3, client_ip_timeout=100, policy=EWMA)
    assert len({ServiceAffinity().pick(get(), three, ()) for _ in range(20)}) == 1
    policy = structs.replace(EWMA, hash_by="$uri")
    nine = upstream(9, client_ip_timeout=100, policy=policy)
    targets = [b"/%d" % number for number in range(50)]
    assert len({ServiceAffinity().pick(routed(target), nine, ()) for target in targets}) > 3


async def test_what_is_asked_for_may_change() -> None:
    five = upstream(5)
    five.update(structs.replace(five.upstream, policy=UpstreamPolicy(hash_by="$uri")))
    assert len({ServiceAffinity().pick(routed(), five, ()) for _ in range(10)}) == 1
    five.update(structs.replace(five.upstream, policy=UpstreamPolicy()))
    assert len({ServiceAffinity().pick(routed(), five, ()) for _ in range(10)}) == 5


@MODES
async def test_a_cookie_names_the_upstream_it_belongs_to(mode: AffinityMode) -> None:
    request = get()
    balancer(mode).pick(request, upstream(3), ())
    value = request.affinity_cookie.partition(b"=")[2].partition(b";")[0]
    assert group_in(value) == group_hash(KEY, "u") != group_hash(KEY, "v")
    assert group_hash(b"other", "u") != group_hash(KEY, "u")
    assert group_in(b"without") == group_in(None) == ""


async def test_some_upstreams_may_be_balanced_otherwise() -> None:
    sticky = balancer(AffinityMode.BALANCED)
    one, other = get(), get()
    chooser = ChoiceBalancer(sticky, {"other": ServiceAffinity()})
    three = upstream(3)
    chooser.pick(one, three, ())
    three.update(structs.replace(three.upstream, key="other"))
    chooser.pick(other, three, ())
    assert one.affinity_cookie
    assert not other.affinity_cookie


CHROME_58 = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/58.0.3029.110 Safari/537.36"
CHROME_120 = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) Chrome/120.0.0.0 Safari/537.36"
SAFARI_12 = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_14_6) Version/12.1.2 Safari/605.1.15"
IPHONE_12 = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_4 like Mac OS X) AppleWebKit/605.1.15"
IPAD_12 = "Mozilla/5.0 (iPad; CPU OS 12_4 like Mac OS X) AppleWebKit/605.1.15"
SAFARI_17 = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15"


def test_browsers_that_misread_same_site_none() -> None:
    browsers = (CHROME_58, SAFARI_12, IPHONE_12, IPAD_12, CHROME_120, SAFARI_17, "curl/8.5", "")
    assert [misreads_same_site_none(each) for each in browsers] == [True] * 4 + [False] * 4


@pytest.mark.parametrize(
    ("fields", "browser", "has_same_site"),
    [
        ({"same_site": "None"}, CHROME_58, True),
        ({"same_site": "None", "spares_old_browsers": True}, CHROME_58, False),
        ({"same_site": "None", "spares_old_browsers": True}, CHROME_120, True),
        ({"same_site": "Lax", "spares_old_browsers": True}, CHROME_58, True),
    ],
)
async def test_same_site_none_is_left_out_where_it_is_misread(
    fields: dict[str, object], browser: str, has_same_site: bool
) -> None:
    request = get(extra=b"User-Agent: %b\r\n" % browser.encode())
    balancer(AffinityMode.BALANCED, **fields).pick(request, upstream(3), ())
    assert (b"SameSite" in request.affinity_cookie) is has_same_site
