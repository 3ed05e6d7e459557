from __future__ import annotations

from msgspec import structs
from support.proxies import route

from ingressd.proxy.inquiry.decision import Decision
from ingressd.proxy.inquiry.memory import LARGEST, DecisionMemory, KeyMaker
from ingressd.routing.policy import ExternalAuth

YES = Decision(200)
AUTH = ExternalAuth("http://auth.test/", cache_key="$host")


def test_a_decision_is_known_until_its_time_is_over() -> None:
    memory = DecisionMemory()
    memory.keep(b"a", YES, until=10)
    assert memory.find(b"a", now=9) is YES
    assert memory.find(b"b", now=9) is None
    assert memory.find(b"a", now=10) is None
    assert memory.find(b"a", now=9) is None, "it is gone"


def test_the_least_recently_used_go_first() -> None:
    memory = DecisionMemory(capacity=2 * YES.size)
    for key in (b"a", b"b"):
        memory.keep(key, YES, until=10)
    memory.find(b"a", now=0)
    memory.keep(b"c", YES, until=10)
    assert [memory.find(key, now=0) for key in (b"a", b"b", b"c")] == [YES, None, YES]


def test_all_of_it_can_be_given_back() -> None:
    memory = DecisionMemory(capacity=2 * YES.size)
    for key in (b"a", b"b"):
        memory.keep(key, YES, until=10)
    memory.clear()
    assert memory.find(b"a", now=0) is None
    for key in (b"c", b"d"):
        memory.keep(key, YES, until=10)
    assert memory.find(b"c", now=0) is YES, "there is as much room as before"


def test_a_decision_replaces_the_one_before_it() -> None:
    memory = DecisionMemory(capacity=2 * YES.size)
    memory.keep(b"b", YES, until=10)
    for until in range(10, 20):
        memory.keep(b"a", Decision(401), until)
    assert memory.find(b"a", now=18) == Decision(401)
    assert memory.find(b"b", now=0) is YES, "what was replaced takes no room"


def test_what_is_large_is_not_remembered_and_what_was_there_is_forgotten() -> None:
    memory = DecisionMemory()
    memory.keep(b"a", YES, until=10)
    memory.keep(b"a", Decision(200, claims=(b"x" * LARGEST,)), until=10)
    assert memory.find(b"a", now=0) is None


def test_keys_are_those_of_one_route_and_one_way_to_ask() -> None:
    makers = [
        KeyMaker(route(), AUTH),
        KeyMaker(route(host="b.test"), AUTH),
        KeyMaker(route("/x"), AUTH),
        KeyMaker(route(), structs.replace(AUTH, response_headers=("X-User",))),
    ]
    texts = ("", "a", "\udcff")
    keys = {maker.key(host, text) for maker in makers for host in ("x", "y") for text in texts}
    assert len(keys) == 4 * 2 * 3
    assert KeyMaker(route(), AUTH).key("x", "a") == makers[0].key("x", "a")
