"""The leaky bucket, in milliseconds that tests choose."""

from __future__ import annotations

import random

import pytest

from ingressd.proxy.limiting.keys import Key
from ingressd.proxy.limiting.memory import SINGLE
from ingressd.proxy.limiting.rates import PER_MINUTE, PER_SECOND, Rate, RateTable
from ingressd.proxy.limiting.usage import Usage

CLIENT = Key(fingerprint=7, position=3)
WAYS = 8
NOW = 5_000_000


def rate(requests: int, burst: int, place: int = PER_SECOND) -> Rate:
    """So many requests a second."""
    return Rate(place, requests * 1000, burst * 1000)


@pytest.fixture
def table() -> RateTable:
    return Usage(SINGLE).rates


def passed(table: RateTable, times: list[int], *rates: Rate) -> list[bool]:
    return [table.admits(CLIENT, NOW + time, rates) for time in times]


def test_one_and_the_burst_pass_at_once(table: RateTable) -> None:
    assert passed(table, [0] * 6, rate(2, burst=4)) == [True] * 5 + [False]


def test_the_bucket_leaks_at_its_rate(table: RateTable) -> None:
    two_a_second = rate(2, burst=0)
    assert passed(table, [0, 499, 500, 999, 1000], two_a_second) == [True, False] * 2 + [True]


def test_what_is_refused_does_not_count(table: RateTable) -> None:
    limit = rate(1, burst=0)
    assert passed(table, [0, 100, 200, 900, 1000], limit) == [True, False, False, False, True]


def test_a_long_silence_earns_no_more_than_the_burst(table: RateTable) -> None:
    limit = rate(1, burst=2)
    assert passed(table, [0, 10**9, 10**9, 10**9, 10**9], limit) == [True] * 4 + [False]


def test_a_fraction_of_a_request_is_remembered(table: RateTable) -> None:
    """10 a minute are 166 thousandths a second, as nginx rounds."""
    limit = Rate(PER_MINUTE, 166, 1000)
    assert passed(table, [0, 0, 6000, 6030], limit) == [True, True, False, True]


def test_of_two_rates_both_must_allow_and_neither_counts_what_the_other_refuses(
    table: RateTable,
) -> None:
    fast, slow = rate(1000, burst=1), Rate(PER_MINUTE, 16, 3000)
    assert passed(table, [0, 0, 0], fast, slow) == [True, True, False]
    assert passed(table, [1000, 1000, 1000], fast, slow) == [True, True, False]
    assert passed(table, [2000], fast, slow) == [False], "3 ahead of the slow rate already"


def test_time_that_runs_backwards_is_no_time(table: RateTable) -> None:
    """Workers take the time of a request before they look at its bucket."""
    limit = rate(1, burst=1)
    assert passed(table, [1000, 0, 999, 1999, 2000], limit) == [True, True, False, False, True]


def reference(times: list[int], limit: Rate) -> list[bool]:
    """nginx's ngx_http_limit_req_lookup, line by line."""
    excess = last = None
    answers = []
    for now in times:
        if last is None or excess is None:
            excess, last = 0, now
            answers.append(True)
            continue
        ms = max(0, now - last)
        would = max(0, excess - limit.speed * ms // 1000 + 1000)
        answers.append(would <= limit.burst)
        if answers[-1]:
            excess = would
            last = now if ms else last
    return answers


@pytest.mark.parametrize("seed", range(20))
def test_is_what_nginx_does(seed: int, table: RateTable) -> None:
    chance = random.Random(seed)
    limit = Rate(PER_SECOND, chance.randrange(16, 20_000), 1000 * chance.randrange(1, 9))
    times = sorted(chance.randrange(20_000) for _ in range(200))
    assert passed(table, times, limit) == reference(times, limit)


def test_a_full_set_forgets_who_was_quiet_longest_and_nobody_else(table: RateTable) -> None:
    limit = (rate(1, burst=0),)
    clients = [Key(fingerprint=number, position=3) for number in range(1, WAYS + 1)]
    for number, client in enumerate(clients):
        assert table.admits(client, NOW + number, limit)
    assert not table.admits(clients[0], NOW + WAYS, limit), "refused, but not quiet"
    newcomer = Key(fingerprint=WAYS + 1, position=3)
    assert table.admits(newcomer, NOW + WAYS, limit)
    kept = [client for client in clients if not table.admits(client, NOW + WAYS, limit)]
    assert clients[1] not in kept
    assert kept[0] == clients[0]


def test_other_sets_are_left_alone(table: RateTable) -> None:
    limit = (rate(1, burst=0),)
    far = Key(fingerprint=7, position=4)
    assert table.admits(CLIENT, NOW, limit)
    assert table.admits(far, NOW, limit)
    assert not table.admits(CLIENT, NOW, limit)
