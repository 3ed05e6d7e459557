from __future__ import annotations

import pytest
from msgspec import structs

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Row, Support, Tier
from ingressd.compiler.annotations.table import BY_NAME
from ingressd.compiler.annotations.values import unread
from ingressd.routing.policy import PodProtocol, RetryAfter


def row(usual: str = "") -> Row:
    return Row(
        name="x",
        tier=Tier.RARE,
        summary="X.",
        value=unread(),
        support=Support.NOT_YET,
        usual=usual,
    )


@pytest.mark.parametrize(
    ("usual", "text", "expected"),
    [
        ("http", "HTTP", True),
        ("http", " http ", True),
        ("http", "HTTPS", False),
        ("0", "0", True),
        ("0", "false", False),
        ("false", "F", True),
        ("false", "0", True),
        ("false", "no", False),
        ("false", "", False),
        ("", "", False),
    ],
)
def test_text_that_asks_for_what_happens_anyway(usual: str, text: str, expected: bool) -> None:
    assert row(usual).is_usual(text) is expected


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("allowlist-source-range", "10.0.0.1,{}10.0.0.2{}", ("10.0.0.1", "10.0.0.2")),
        ("backend-protocol", "HTTPS{}", PodProtocol.HTTPS),
        ("denylist-source-range", "10.0.0.1{}", ("10.0.0.1",)),
        ("limit-allowlist", "10.0.0.1,{}10.0.0.2", ("10.0.0.1", "10.0.0.2")),
        ("proxy-buffering", "on{}", True),
        ("proxy-http-version", "1.0{}", "1.0"),
        ("proxy-next-upstream", "error{}timeout{}", RetryAfter(error=True, timeout=True)),
        ("proxy-request-buffering", "off{}", False),
        ("server-alias", "b.test,{}c.test{}", ("b.test", "c.test")),
        ("configuration-snippet", "gzip on;{}etag off;{}", None),
        ("server-snippet", "gzip on;{}etag off;{}", None),
        ("auth-snippet", "gzip on;{}etag off;{}", None),
        ("stream-snippet", "tcp_nodelay on;{}", None),
        ("modsecurity-snippet", "SecRuleEngine On{}SecRequestBodyAccess On{}", None),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_lines_are_taken_where_ingress_nginx_takes_them(
    name: str, text: str, value: object, line_end: str
) -> None:
    assert BY_NAME[name].read(text.replace("{}", line_end)) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rewrite-target", "/"),
        ("proxy-body-size", "8m"),
        ("affinity", "cookie"),
        ("satisfy", "any"),
        ("upstream-vhost", "a.test"),
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_line_break_makes_most_texts_unreadable(name: str, text: str, line_end: str) -> None:
    row = BY_NAME[name]
    assert row.read(text) is not None
    with pytest.raises(ValueError, match="more than one line"):
        row.read(text + line_end)


def test_only_what_can_close_something_is_protective() -> None:
    assert not row().is_protective
    assert structs.replace(row(), protects=always).is_protective
