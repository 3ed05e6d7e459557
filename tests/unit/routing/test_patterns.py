from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.routing.patterns import BadPattern, compile_pattern, compile_within


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/foo", "/foobar"),
        ("/foo(/|$)(.*)", "/foo"),
        ("/FOO", "/foo"),
        ("/(?<id>[0-9]+)/x", "/42/x"),
        ("/[[:alpha:]_]+$", "/a_b"),
        ("/[]a]$", "/]"),
        (r"/[\[[:digit:]]$", "/["),
        ("/[a&&b]$", "/&"),
        (r"/a\z", "/a"),
        ("/a|/b", "/b"),
        (r"/\(?<b", "/<b"),
        (r"/\Qa.b\E+$", "/a.bbb"),
        (r"/\Qa|é", "/a|é"),
        ("/[[:^digit:]]$", "/x"),
        (r"/[\h]$", "/\t"),
        ("/é+$", "/éé"),
        ("/\\é$", "/é"),
        (r"/a\Z", "/a"),
        (r"/a\_\-\/b", "/a_-/b"),
        ("/{id}", "/{id}"),
        ("/.*x", "/a\udcffx"),
    ],
)
def test_matches_as_pcre_does(pattern: str, path: str) -> None:
    assert compile_pattern(pattern).match(path)


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("/foo", "/x/foo"), ("/k", "/\u212a"), (r"/\w$", "/é"), ("/é", "/É"), ("/a$", "/a\n")],
)
def test_does_not_match(pattern: str, path: str) -> None:
    assert compile_pattern(pattern).match(path) is None


def test_groups_are_text_and_empty_where_they_took_nothing() -> None:
    pattern = compile_pattern("/(?<id>[0-9]+)(x)?(.*)")
    groups = pattern.match("/42é\udcff")
    assert groups is not None
    assert [groups[number] for number in range(5)] == ["/42é\udcff", "42", "", "é\udcff", ""]
    assert pattern.groups == 3


@pytest.mark.parametrize(
    ("pattern", "taken"), [("/(a|ab)", "a"), ("/(ab|a)", "ab"), ("/(a*?)", "")]
)
def test_the_first_alternative_wins(pattern: str, taken: str) -> None:
    groups = compile_pattern(pattern).match("/abc")
    assert groups is not None
    assert groups[1] == taken


@pytest.mark.parametrize("pattern", ["/(a+)+$", "/(a|aa)+$", "/(.*a){20}$", "/(a*)*b$"])
def test_a_long_path_is_answered_whatever_the_pattern(pattern: str) -> None:
    """An engine that backtracks never comes back from these."""
    assert compile_pattern(pattern).match("/" + "a" * 50_000 + "!") is None


@given(st.text())
def test_no_path_makes_it_fail(rest: str) -> None:
    groups = compile_pattern("/((?s).*)").match(f"/{rest}")
    assert groups is not None
    assert groups[0].encode("utf-8", "surrogateescape") == f"/{rest}".encode()


def test_a_path_that_stands_for_no_bytes_does_not_fail() -> None:
    assert compile_pattern("/(.*)x").match("/\ud800") is None


@given(st.text(alphabet="/a.*+?()[]{}|^$\\<>=!:1dQEé-", max_size=30))
def test_any_pattern_compiles_or_says_why_not(text: str) -> None:
    try:
        compile_pattern(f"/{text}").match("/a")
    except BadPattern as refused:
        assert str(refused)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("/foo(", "a parenthesis is not closed"),
        ("/foo)", "a parenthesis is closed that was never opened"),
        ("/[a", "a bracket is not closed"),
        ("/[z-a]", "bad character range z-a"),
        (r"/\K", r"bad escape \K"),
        ("/a**", "** repeats what is repeated already"),
        ("/(*)", "there is nothing that * could repeat"),
        ("/a{1001}", "{1001} is out of order or more than 1000"),
        ("/a\\", "it ends in a backslash"),
        ("/(a{900}|b{900}|c{900})", "it is too large"),
        ("/" + "(.{900}a|.{900}b)" * 9, "it is too large"),
        ("/" + "[" * 1_000_000, "it is too large"),
        (r"/\p{L}", r"\p is not supported: paths are compared byte by byte"),
        ("/\ud800", "it holds a character that is no text"),
        ("/[[:nope:]]", "the character class [:nope:] is not supported"),
        ("/[[:^nope:]]", "the character class [:^nope:] is not supported"),
    ],
)
def test_says_why_a_pattern_does_not_compile(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        compile_pattern(pattern)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("/(?!api)", "look-ahead"),
        ("/(?=api)", "look-ahead"),
        ("/(?<=x)a", "look-behind"),
        ("/(?<!x)a", "look-behind"),
        (r"/(a)\1", "a back-reference"),
        (r"/(?<n>a)\k<n>", "a back-reference"),
        ("/a++", "a possessive quantifier (such as *+)"),
        ("/a{2}+", "a possessive quantifier (such as *+)"),
        ("/(?>a)", "an atomic group (?>...)"),
        ("/(a)(?1)", "a call of a group"),
        ("/(?(1)a|b)", "a condition (?(...)...)"),
    ],
)
def test_says_what_cannot_be_had_in_linear_time(pattern: str, what: str) -> None:
    with pytest.raises(BadPattern) as caught:
        compile_pattern(pattern)
    assert str(caught.value) == f"{what} is not supported: it cannot be matched in linear time"
    assert caught.value.is_beyond_us


def test_a_character_of_several_bytes_does_not_go_into_brackets() -> None:
    with pytest.raises(BadPattern, match="more than one byte"):
        compile_pattern("/[é]")


@pytest.mark.parametrize(
    ("text", "ignores_case", "value", "matches"),
    [
        ("b|c", False, "abd", True),
        ("^b|c$", False, "abd", False),
        ("B", False, "abd", False),
        ("B", True, "abd", True),
        ("^$", False, "", True),
    ],
)
def test_a_pattern_within_a_text(text: str, ignores_case: bool, value: str, matches: bool) -> None:
    pattern = compile_within(text, ignores_case=ignores_case)
    assert (pattern.match(value) is not None) is matches


def test_a_pattern_within_a_text_must_be_one_by_itself() -> None:
    with pytest.raises(BadPattern):
        compile_within("a)(b", ignores_case=False)
