"""What a copy says: its target, its Host and its fields."""

from __future__ import annotations

import pytest
from support.proxies import route
from support.requests import get

from ingressd.proxy.mirroring.copying import Copy, CopyMaker
from ingressd.proxy.variables import lookup_in
from ingressd.routing.policy import Mirror


def copied(mirror: Mirror, target: bytes = b"/a", extra: bytes = b"") -> Copy:
    request = get(target, extra)
    return CopyMaker(mirror).make(request, lookup_in(request, route()))


async def test_the_target_is_rendered_and_no_line_can_be_added_with_it() -> None:
    mirror = Mirror("http://m.test/$arg_x/$http_x_in", host="$http_x_in")
    copy = copied(mirror, b"/a?x=%0d%0aX-Evil:1", b"X-In: a b\xff\r\n")
    assert str(copy.question.url) == "http://m.test/%0d%0aX-Evil:1/a%20b%FF"
    assert copy.question.fields["Host"] == "a b%FF"


@pytest.mark.parametrize(
    ("host", "expected"), [("", "m.test"), ("other", "other"), ("$http_x_none", "m.test")]
)
async def test_the_host_is_that_of_the_url_unless_another_one_is_named(
    host: str, expected: str
) -> None:
    copy = copied(Mirror("http://m.test:81/", host=host))
    assert copy.question.fields.getall("Host") == [expected]


async def test_its_fields_are_those_that_a_pod_gets() -> None:
    extra = b"Accept: a\r\nAccept: b\xff\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX-Real-IP: 6.6.6.6\r\n"
    fields = copied(Mirror("http://m.test"), extra=extra).question.fields
    assert fields.getall("Accept") == ["a", "b\ufffd"]
    assert fields.getall("X-Real-IP") == ["192.0.2.1"]
    assert fields.getall("X-Forwarded-Host") == ["a.test"]
    assert "X-Hop" not in fields
    assert "Content-Length" not in fields


async def test_without_a_host_there_is_no_copy() -> None:
    with pytest.raises(ValueError, match="host"):
        copied(Mirror("http://$arg_host/"))
