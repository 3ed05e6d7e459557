from __future__ import annotations

import pytest

from ingressd.routing.deciding.blocking import Blocklist
from ingressd.routing.patterns import BadPattern


@pytest.mark.parametrize(
    ("entry", "text", "is_blocked"),
    [
        ("curl/7.0", "curl/7.0", True),
        ("curl/7.0", "CURL/7.0", True),
        ("curl/7.0", "curl/7.0 ", False),
        ("curl/7.0", "curl/700", False),
        ("~curl", "a curl b", True),
        ("~curl", "a cURL b", False),
        ("~*curl", "a cURL b", True),
        ("~^curl$", "curl", True),
        ("~^curl$", "a curl", False),
        ("~a|b$", "xxb", True),
        (r"~evil\.test", "https://evil.test/x", True),
        (r"~evil\.test", "https://evilxtest/x", False),
        ('"~two words"', "a two words b", True),
        ("'plain text'", "Plain Text", True),
        ('""', "", True),
        ('""', "x", False),
        (r"\~curl", "~curl", True),
        (r"\~curl", "curl", False),
        ("curl", "line\nbreak curl", False),
        ("~curl", "line\nbreak curl", True),
        ("~ü", "für", True),
    ],
)
def test_what_is_blocked(entry: str, text: str, is_blocked: bool) -> None:
    assert Blocklist(["other", entry]).blocks(text) is is_blocked


def test_nothing_is_blocked_by_nothing() -> None:
    assert not Blocklist(())
    assert not Blocklist(()).blocks("")
    assert Blocklist(["x"])
    assert Blocklist(["~x"])


@pytest.mark.parametrize("entry", ["~(", "~a)(b", "~*[", "~a(?=b)", "~" + "a" * 5000])
def test_expressions_that_cannot_be_had_are_refused(entry: str) -> None:
    with pytest.raises(BadPattern):
        Blocklist([entry])
