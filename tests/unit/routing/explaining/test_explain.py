from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from support.routes import certificate, host, route, table, upstream

from ingressd.routing.explaining.explain import Explanation, Verdict, explain
from ingressd.routing.explaining.outcome import Action, Query
from ingressd.routing.matcher import Matcher
from ingressd.routing.model import CATCH_ALL, PathKind
from ingressd.routing.policy import Access, Policy
from ingressd.routing.table import Table

NAME = "kubia.example.com"
TABLE = table(
    host("Exact /foo", "Prefix /foo", "Prefix /foo/bar", "default", name=NAME),
    host("Prefix /foo", name="*.example.com"),
    host("Prefix /", name=CATCH_ALL),
    host("Prefix /", name="*.kubia.example.com"),
    host("Prefix /", name="shop.example.org"),
    upstreams=(upstream(), upstream("default/fallback:80", "10.0.0.9")),
)


def asked(name: str, path: str, among: Table = TABLE, **query: str) -> Explanation:
    return explain(among, Query(host=name, path=path, **query))


def told(explanation: Explanation) -> list[tuple[str, str, str]]:
    """Candidates as host, rule and verdict."""
    return [
        (c.route.host, f"{c.route.kind.value} {c.route.path}", c.verdict.value)
        for c in explanation.routes
    ]


def test_lists_every_candidate_best_first() -> None:
    explanation = asked("Kubia.example.com:8080", "/foo/bar/baz")
    assert told(explanation) == [
        (NAME, "Prefix /foo/bar", "wins"),
        (NAME, "Prefix /foo", "matches"),
        (NAME, "Prefix /", "matches"),
        (NAME, "Exact /foo", "loses"),
        ("*.example.com", "Prefix /foo", "matches"),
        ("*.kubia.example.com", "Prefix /", "loses"),
        (CATCH_ALL, "Prefix /", "matches"),
    ]
    assert [route.is_fallback for route in explanation.routes].index(True) == 2
    assert explanation.winner is explanation.routes[0].route
    assert explanation.outcome.action is Action.FORWARD


def test_says_which_hosts_could_be_meant() -> None:
    explanation = asked(NAME, "/foo")
    assert [(h.name, h.verdict) for h in explanation.hosts] == [
        (NAME, Verdict.WINS),
        ("*.example.com", Verdict.MATCHES),
        ("*.kubia.example.com", Verdict.LOSES),
        (CATCH_ALL, Verdict.MATCHES),
    ]
    assert explanation.other_hosts == 1


def test_a_candidate_of_another_host_says_that_the_host_decides() -> None:
    beaten = asked(NAME, "/foo").routes[-3]
    assert beaten.reason == (
        "takes /foo too, but host kubia.example.com is more specific than *.example.com"
    )


def test_the_default_backend_takes_what_no_path_takes() -> None:
    explanation = asked(NAME, "/nothing")
    assert explanation.routes[0].is_fallback
    assert explanation.outcome.upstream is not None
    assert explanation.outcome.upstream.key == "default/fallback:80"


def test_a_wildcard_that_nearly_covers_the_name_is_told() -> None:
    explanation = asked("b.a.example.com", "/", table(host("Prefix /", name="*.example.com")))
    assert told(explanation) == []
    assert [h.reason for h in explanation.hosts] == [
        'host *.example.com covers exactly one label, and "b.a" is more than one'
    ]
    assert explanation.outcome.status == 404


@pytest.mark.parametrize(("name", "path"), [("bad host", "/"), (NAME, "/../etc"), (NAME, "/%zz")])
def test_what_cannot_be_read_is_400(name: str, path: str) -> None:
    explanation = asked(name, path)
    assert explanation.outcome.status == 400
    assert explanation.winner is None


SECURED = table(
    host("Prefix /", name=NAME, has_tls=True),
    upstreams=(upstream(),),
    certificates=(
        certificate(NAME, fingerprint="exact", secret="default/kubia"),
        certificate("*.example.com", fingerprint="wild", secret="default/wild"),
        certificate("ingressd.local", fingerprint="own", secret=""),
    ),
    bindings={NAME: "exact", "*.example.com": "wild", "wrong.example.org": "exact"},
    default_certificate="own",
)


@pytest.mark.parametrize(
    ("name", "secret", "covers", "reason"),
    [
        (NAME, "default/kubia", True, "bound to the host kubia.example.com"),
        ("x.example.com", "default/wild", True, "bound to the host *.example.com"),
        ("wrong.example.org", "default/kubia", False, "bound to the host wrong.example.org"),
        ("else.org", "", False, "no certificate is bound to else.org: the default certificate"),
        (
            "127.0.0.1",
            "",
            False,
            "the client sends no server name (an address, or no SNI): the default certificate",
        ),
    ],
)
def test_the_certificate_a_client_meets(name: str, secret: str, covers: bool, reason: str) -> None:
    choice = asked(name, "/", SECURED).certificate
    assert (choice.secret, choice.covers, choice.reason) == (secret, covers, reason)


def test_the_server_name_may_differ_from_the_host() -> None:
    choice = asked(NAME, "/", SECURED, server_name="x.example.com").certificate
    assert choice.secret == "default/wild"


def test_no_certificate_at_all_fails_the_handshake() -> None:
    choice = asked(NAME, "/").certificate
    assert choice.names == ()
    assert choice.reason.endswith("there is no default certificate: the handshake fails")


def test_travels_as_json_without_the_key() -> None:
    explanation = asked(NAME, "/", SECURED)
    wire = msgspec.json.encode(explanation)
    assert b"MARKER" not in wire
    assert msgspec.json.decode(wire, type=Explanation) == explanation


def test_bytes_that_are_no_text_can_be_told() -> None:
    explanation = asked(NAME, "/foo/%ff%0a")
    assert explanation.path == "/foo/%FF%0A"
    assert "longest path that takes /foo/%FF%0A" in explanation.routes[0].reason
    assert msgspec.json.encode(explanation)


@given(
    st.sampled_from([NAME, "x.example.com", "x.y.org", "kubia.example.com."]),
    st.lists(st.sampled_from(["foo", "bar", "FOO", "foobar", ".."]), max_size=4),
)
def test_names_the_route_the_matcher_finds(name: str, elements: list[str]) -> None:
    explanation = asked(name, "/" + "/".join(elements))
    if explanation.host is None or explanation.path is None:
        assert explanation.outcome.status == 400
        return
    serving = TABLE.find_host(explanation.host)
    assert serving is not None
    found = Matcher(serving, lambda route: route).match(explanation.path)
    assert explanation.winner is (found.target if found else None)


def test_a_path_that_nothing_takes_is_redirected_to_https_where_the_host_has_tls() -> None:
    among = table(host("Prefix /foo", has_tls=True), host("Prefix /foo", name=CATCH_ALL))
    explanation = asked("a.example.com", "/bar", among)
    assert explanation.winner is None
    assert explanation.outcome.location == "https://a.example.com/bar"
    assert asked("a.example.com", "/bar", among, scheme="https").outcome.status == 404
    assert asked("unknown.test", "/bar", among).outcome.status == 404


def test_what_an_ingress_asks_of_all_its_host_is_told_of_paths_that_nothing_takes() -> None:
    own = host("Prefix /foo")
    policy = Policy(access=Access(allow=("10.0.0.0/8",)))
    nothing = structs.replace(
        route("Prefix", "/", policy=policy), kind=PathKind.UNMATCHED, backend=None
    )
    among = table(structs.replace(own, fallback=nothing))
    explanation = asked("a.example.com", "/bar", among)
    assert explanation.winner is nothing
    assert "what the oldest Ingress of it asks for holds" in explanation.routes[0].reason
    assert explanation.outcome.action is Action.NOT_FOUND
    assert explanation.outcome.reason.endswith(", if the client's address is admitted")
    assert asked("a.example.com", "/foo", among).routes[1].reason == (
        "it only holds for what no path takes"
    )


def test_a_default_backend_for_errors_does_not_take_what_no_path_takes() -> None:
    policy = Policy(default_backend="default/fallback:80", redirect=None)
    nothing = structs.replace(
        route("Prefix", "/", policy=policy), kind=PathKind.UNMATCHED, backend=None
    )
    among = table(
        structs.replace(host("Prefix /foo"), fallback=nothing),
        upstreams=(upstream("default/fallback:80", "10.0.0.9"),),
    )
    assert asked("a.example.com", "/bar", among).outcome.status == 404
