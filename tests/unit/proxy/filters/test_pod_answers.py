"""Fields of pods' answers that clients get changed, or not at all."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.filters.pod_answers import hide_fields, rewrite_fields
from ingressd.routing.policy import AnswerFields, Policy, Substitution


def rewritten(value: bytes, name: bytes = b"Set-Cookie", **fields: Substitution) -> bytes:
    fields_of_answers = AnswerFields(**fields)
    edit = rewrite_fields(route(policy=Policy(answer_fields=fields_of_answers)), environment())
    assert edit is not None
    others = [b"X-A: a; Domain=pod.test; Path=/in/x\r\n"]
    lines = edit(get(), 200, [*others, b"%b:  %b \r\n" % (name, value)])
    assert lines[:1] == others
    head, _, rest = lines[1].partition(b": ")
    assert head == name
    return rest.strip()


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (b"a=1; Domain=pod.test; Path=/", b"a=1; Domain=a.test; Path=/"),
        (b"a=1;domain=.POD.test", b"a=1;domain=.a.test"),
        (b"a=1; Domain=x.pod.test", b"a=1; Domain=x.pod.test"),
        (b"Domain=pod.test; Secure", b"Domain=pod.test; Secure"),
        (b"a=1; Domain", b"a=1; Domain"),
    ],
)
async def test_domains_of_cookies(cookie: bytes, expected: bytes) -> None:
    assert rewritten(cookie, cookie_domain=Substitution("pod.test", "$host")) == expected


@pytest.mark.parametrize(
    ("cookie", "expected"),
    [
        (b"a=1; Path=/in/x; Secure", b"a=1; Path=/out/x; Secure"),
        (b"a=/in/; path=/in/", b"a=/in/; path=/out/"),
        (b"a=1; Path=/IN/", b"a=1; Path=/IN/"),
        (b"a=1; Path=/", b"a=1; Path=/"),
    ],
)
async def test_paths_of_cookies(cookie: bytes, expected: bytes) -> None:
    assert rewritten(cookie, cookie_path=Substitution("/in/", "/out/")) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"Location", b"http://pod/x?y", b"https://a.test/x?y"),
        (b"location", b"/x", b"/x"),
        (b"Location", b"https://pod/x", b"https://pod/x"),
        (b"Refresh", b"5; URL=http://pod/x", b"5; URL=https://a.test/x"),
        (b"Refresh", b"5", b"5"),
        (b"Content-Location", b"http://pod/x", b"http://pod/x"),
    ],
)
async def test_redirects(name: bytes, value: bytes, expected: bytes) -> None:
    assert rewritten(value, name, location=Substitution("http://pod", "https://$host")) == expected


async def test_what_is_replaced_may_be_what_was_asked_for() -> None:
    own = Substitution("http://$host", "https://$host")
    assert rewritten(b"http://a.test/x", b"Location", location=own) == b"https://a.test/x"
    domain = Substitution("$host", "b.test")
    assert rewritten(b"a=1; Domain=.A.test", cookie_domain=domain) == b"a=1; Domain=.b.test"


async def test_a_variable_without_a_value_is_found_nowhere() -> None:
    nothing = Substitution("$arg_x", "b")
    cookie = b"a=1; Path=/x; Domain="
    assert rewritten(cookie, cookie_path=nothing, cookie_domain=nothing) == cookie


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        (AnswerFields(hidden=("X-A",)), [b"Server: pod\r\n"]),
        (AnswerFields(hides_server=True), [b"x-a: 1\r\n"]),
        (AnswerFields(hidden=("x-a",), hides_server=True), []),
    ],
)
async def test_hidden_fields(fields: AnswerFields, kept: list[bytes]) -> None:
    edit = hide_fields(route(policy=Policy(answer_fields=fields)), environment())
    assert edit is not None
    assert edit(get(), 200, [b"x-a: 1\r\n", b"Server: pod\r\n"]) == kept


@pytest.mark.parametrize(
    "fields",
    [
        AnswerFields(),
        AnswerFields(location=Substitution("http://pod", "")),
        AnswerFields(location=Substitution("", "http://pod")),
    ],
)
async def test_a_policy_that_changes_nothing_costs_nothing(fields: AnswerFields) -> None:
    wanted = route(policy=Policy(answer_fields=fields))
    assert hide_fields(wanted, environment()) is rewrite_fields(wanted, environment()) is None
