from __future__ import annotations

import pytest

from ingressd.compiler.annotations.values import (
    Parser,
    choice,
    constant,
    duration,
    integer,
    is_same,
    kilobytes,
    matching,
    networks,
    one_of,
    parse_bool,
    parse_int,
    parse_text,
    seconds,
    size,
    statuses,
    switch,
    unread,
)
from ingressd.routing.policy import AffinityMode


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_true_as_in_go(text: str) -> None:
    assert parse_bool(text) is True


@pytest.mark.parametrize("text", ["0", "f", "F", "FALSE", "false", "False"])
def test_false_as_in_go(text: str) -> None:
    assert parse_bool(text) is False


@pytest.mark.parametrize("text", ["yes", "on", "", " true", "true\n", "tRUE", "2"])
def test_no_boolean_in_go(text: str) -> None:
    with pytest.raises(ValueError, match="boolean"):
        parse_bool(text)


@pytest.mark.parametrize(("text", "value"), [("60", 60), ("-1", -1), ("+5", 5), ("007", 7)])
def test_integer_as_in_go(text: str, value: int) -> None:
    assert parse_int(text) == value


@pytest.mark.parametrize("text", ["60s", "", " 1", "1_000", "1.5", "٣", "9" * 19, "1\n", "0x10"])
def test_no_integer_in_go(text: str) -> None:
    with pytest.raises(ValueError, match=r"number|range"):
        parse_int(text)


def test_text_is_trimmed_line_by_line() -> None:
    assert parse_text("  /foo \n") == "/foo"
    for bad in ("", "  ", "a\nb"):
        with pytest.raises(ValueError, match=r"empty|line"):
            parse_text(bad)


@pytest.mark.parametrize(
    ("parser", "text", "value"),
    [
        (seconds(), "5", 5.0),
        (seconds(at_least=0), "0", 0.0),
        (integer(at_least=0), "0", 0),
        (size(), "1000", 1000),
        (size(), " 64K ", 64 << 10),
        (size(), "2g", 2 << 30),
        (kilobytes(), "9007199254740991", 9007199254740991 << 10),
        (kilobytes(clamps=True), "-1", 0),
        (unread(), "deny all;", None),
        (duration(), "90", 90.0),
        (duration(), "1d 12h", 129600.0),
        (duration(), "1h30m", 5400.0),
        (duration(), "250ms", 0.25),
        (networks(), "10.0.0.1, fd00::/8", ("10.0.0.1", "fd00::/8")),
        (networks(may_have_gaps=True), ",10.0.0.1,, fd00::/8, ", ("10.0.0.1", "fd00::/8")),
        (networks(may_have_gaps=True), " , ", ()),
        (statuses(400, 599), " 404, 503 ,404", (404, 503)),
        (networks(), "", ()),
        (integer(), "-1", -1),
        (switch(on="x", off="y"), "true", "x"),
        (switch(on="x"), "false", None),
        (choice(AffinityMode), "persistent", AffinityMode.PERSISTENT),
        (one_of("None", "Lax"), "lax", "Lax"),
        (constant("cookie", 7), "cookie", 7),
        (matching("[a-z]+", "letters"), " abc ", "abc"),
    ],
)
def test_parsers_take(parser: Parser, text: str, value: object) -> None:
    assert parser.parse(text) == value


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        (seconds(), "0"),
        (seconds(), "-5"),
        (seconds(at_least=0), "-1"),
        (integer(at_least=1), "0"),
        (size(), "8mb"),
        (size(), "1.5m"),
        (size(), "10 m"),
        (size(), ""),
        (size(), "9999999999999g"),
        (kilobytes(), "-1"),
        (kilobytes(), "9007199254740992"),
        (kilobytes(clamps=True), "5k"),
        (unread(), " \n"),
        (duration(), "1h 30"),
        (duration(), "1y"),
        (duration(), "s"),
        (networks(), "10.0.0.0/33"),
        (networks(), "10.0.0.1 10.0.0.2"),
        (networks(), "10.0.0.1,"),
        (networks(), "10.0.0.1,,10.0.0.2"),
        (networks(), ","),
        (statuses(400, 599), "404,"),
        (statuses(400, 599), "404 503"),
        (choice(AffinityMode), "sticky"),
        (one_of("None", "Lax"), "loose"),
        (constant("cookie", 7), "Cookie"),
        (matching("[a-z]+", "letters"), "abc\nd"),
        (matching("[a-z]+", "letters"), "abc1"),
    ],
)
def test_parsers_refuse(parser: Parser, text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parser.parse(text)


@pytest.mark.parametrize(
    ("text", "usual", "same"),
    [
        (" Error Timeout", "error timeout", True),
        ("F", "false", True),
        ("true", "true", True),
        ("no", "false", False),
        ("0", "0", True),
        ("f", "0", False),
    ],
)
def test_texts_that_say_the_same(text: str, usual: str, same: bool) -> None:
    assert is_same(text, usual) is same
