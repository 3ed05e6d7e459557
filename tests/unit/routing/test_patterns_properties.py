"""Where PCRE and Python's ``re`` mean the same by a pattern, so do we."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from ingressd.routing.patterns import compile_pattern

ATOMS = st.sampled_from(
    ["a", "b", "/", ".", r"\.", r"\d", r"\w", r"\s", r"\W", "[ab]", "[^/]", "[a-c1]", r"[\d.]",
     r"\h", "[[:digit:]]", "[[:alpha:]_]", r"\Qa.b\E", "(?:ab|a)", "(a|ab)", "([^/]+)", "(?<n>a)"]
)  # fmt: skip
QUANTIFIERS = st.sampled_from(["", "", "", "?", "*", "+", "{2}", "{1,2}", "*?", "+?"])
PIECES = st.builds(str.__add__, ATOMS, QUANTIFIERS)
PATTERNS = st.builds(
    str.__add__, st.lists(PIECES, min_size=1, max_size=5).map("".join), st.sampled_from(["", "$"])
)
PATHS = st.text(st.sampled_from("abcABC/.1 _-"), max_size=10)

MEANT = {
    r"\h": r"[ \t]",
    "[[:digit:]]": "[0-9]",
    "[[:alpha:]_]": "[A-Za-z_]",
    r"\Qa.b\E": r"(?:a\.b)",
    "(?<n>": "(",
}
"""What Python has no words for. A quantifier behind a quoted text is for its last letter."""


def in_python(pattern: str) -> re.Pattern[str]:
    for ours, theirs in MEANT.items():
        pattern = pattern.replace(ours, theirs)
    return re.compile(pattern, re.IGNORECASE | re.ASCII)


@settings(max_examples=400, deadline=None)
@given(PATTERNS.filter(lambda pattern: not re.search(r"\\E[?*+{]|\?<n>.*\?<n>", pattern)), PATHS)
def test_agrees_with_python(pattern: str, rest: str) -> None:
    path = "/" + rest
    ours, theirs = compile_pattern("/" + pattern).match(path), in_python("/" + pattern).match(path)
    assert (ours is None) == (theirs is None)
    if ours is not None and theirs is not None:
        assert ours[0] == theirs[0]
