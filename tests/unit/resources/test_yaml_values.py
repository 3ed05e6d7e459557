from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.resources.yaml_values import MAX_DEPTH, YamlError, plain_scalar, read_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)
)
MERGE_BOMB = "a0: &a0 {k0: v}\n" + "".join(
    f"a{i}: &a{i} {{k{i}: v, <<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("yes", True),
        ("y", True),
        ("Off", False),
        ("n", False),
        ("8080", 8080),
        ("-1", -1),
        ("1_000", 1000),
        ("012", 10),
        ("0o12", 10),
        ("0x1F", 31),
        ("0b11", 3),
        ("08", 8.0),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("2001-01-01", "2001-01-01"),
        ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1.2.3", "1.2.3"),
        ("-", "-"),
        ("yEs", "yEs"),
        ("9" * 5000, math.inf),
    ],
)
def test_plain_scalars_mean_what_they_mean_to_kubernetes(text: str, value: object) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"yes"', "yes"),
        ("!!str 8", "8"),
        ("! 8", "8"),
        ("!!int 8", 8),
        ("{8080: a, on: b}", {"8080": "a", "true": "b"}),
        ("a: &x {k: 1}\nb: *x", {"a": {"k": 1}, "b": {"k": 1}}),
        ("a: &x {k: 1, l: 1}\nb: {<<: *x, l: 2}", {"a": {"k": 1, "l": 1}, "b": {"k": 1, "l": 2}}),
        ("<<: [{k: 1}, {k: 2}]", {"k": 1}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("# nothing\n", None),
        ("", None),
    ],
)
def test_values(text: str, value: object) -> None:
    assert read_yaml(text).value == value


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("a: 1\nb: [1,\n", 3, "did not find expected node content"),
        ("a: b: c", 1, "mapping values are not allowed"),
        ("a: *b", 1, "no complete anchor"),
        ("a: &a [*a]", 1, "no complete anchor"),
        ("[" * 100_000, 1, f"nested deeper than {MAX_DEPTH} levels"),
        ("- " * 5_000, 1, f"nested deeper than {MAX_DEPTH} levels"),
        ("x:\n  ? [a]\n  : b", 2, "a key must be a single word or number"),
        ("!!python/object/apply:os.system [x]", 1, "is not supported"),
        ('!!int ""', 1, "is not supported"),
        ("<<: 3", 1, "not a mapping"),
        ("--- a\n--- b", 2, "a second document"),
        ("a: \x00", 1, "not YAML"),
        ("\ud800", 1, "not YAML"),
        (BOMB, 6, "aliases stand for more than"),
        (MERGE_BOMB, 6, "aliases stand for more than"),
    ],
)
def test_errors_have_a_line_and_a_reason(text: str, line: int, reason: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert reason in caught.value.reason
    assert caught.value.line == line


def test_repeated_keys_are_noticed_and_merged_ones_are_not() -> None:
    document = read_yaml("a: 1\nb: &b {x: 1}\nc: {<<: *b, x: 2}\na: 3\n")
    assert document.repeated == (("a", 4),)
    assert document.value == {"a": 3, "b": {"x": 1}, "c": {"x": 2}}


@given(st.text(st.sampled_from("ab:-[]{}&*!|>\"'%@`,?#\n \t<1.~\\"), max_size=60))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        assert isinstance(read_yaml(text).repeated, tuple)
    except YamlError as error:
        assert error.line >= 1 and error.reason
