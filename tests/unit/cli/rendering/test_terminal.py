from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from ingressd.cli.rendering.terminal import (
    columns,
    count,
    date_words,
    findings_text,
    hanging,
    labelled,
    plain,
    show,
)
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

SHOP = ObjectKey("Ingress", "default", "shop")


def finding(severity: Severity, subject: ObjectKey = SHOP, field: str = "spec") -> Finding:
    return Finding(severity, "Code", subject, field, "It is wrong.", "Repair it.", "shop.yaml")


@pytest.fixture(autouse=True)
def narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")


def unstyled(lines: list[str]) -> list[str]:
    return [click.unstyle(line) for line in lines]


def test_findings_stand_by_object_worst_first() -> None:
    tls = ObjectKey("Secret", "default", "tls")
    found = [
        finding(Severity.WARNING),
        finding(Severity.INFO, tls, field=""),
        finding(Severity.ERROR, field="spec.rules[0]"),
    ]
    assert unstyled(list(findings_text(found))) == [
        "Ingress default/shop  shop.yaml",
        "  error    spec.rules[0] [Code]",
        "           It is wrong.",
        "           fix: Repair it.",
        "  warning  spec [Code]",
        "           It is wrong.",
        "           fix: Repair it.",
        "",
        "Secret default/tls  shop.yaml",
        "  info     [Code]",
        "           It is wrong.",
        "           fix: Repair it.",
    ]


def test_the_same_at_several_fields_is_told_once() -> None:
    found = [finding(Severity.ERROR, field=f"spec.rules[{index}]") for index in range(3)]
    assert unstyled(list(findings_text(found))) == [
        "Ingress default/shop  shop.yaml",
        "  error    spec.rules[0]",
        "           spec.rules[1]",
        "           spec.rules[2] [Code]",
        "           It is wrong.",
        "           fix: Repair it.",
    ]


def test_columns_align_whatever_their_colour() -> None:
    rows = [["a", click.style("bb", fg="red"), "x"], ["long", "b", ""]]
    assert unstyled(list(columns(rows))) == ["a     bb  x", "long  b"]


def test_labels_without_text_are_left_out() -> None:
    assert list(labelled([("a", "1"), ("longer", "2"), ("none", "")])) == [
        "  a       1",
        "  longer  2",
    ]


def test_wrapped_text_hangs_below_its_first_line() -> None:
    lines = list(hanging("word " * 20, first=click.style("  why  ", bold=True)))
    assert click.unstyle(lines[0]).startswith("  why  word")
    assert all(line.startswith("       word") for line in lines[1:])
    assert max(len(click.unstyle(line)) for line in lines) <= 60


def test_text_stands_below_what_leaves_it_too_little_room() -> None:
    lines = list(hanging("word " * 20, first=f"  {'name' * 8}  "))
    assert lines[:2] == [f"  {'name' * 8}", "      " + " ".join(["word"] * 11)]
    assert max(map(len, lines)) <= 60


def test_lines_to_paste_stand_as_they_are() -> None:
    remedy = "write:\na: |\n  " + "x" * 80 + "\x1b[2J"
    found = Finding(Severity.ERROR, "Code", ObjectKey("Ingress", "a", "b"), "", "wrong", remedy)
    lines = [click.unstyle(line) for line in findings_text([found])]
    margin = " " * 16
    assert lines[-3:] == [
        f"{margin[:-5]}fix: write:",
        f"{margin}a: |",
        f"{margin}  {'x' * 80}\\x1b[2J",
    ]


def test_manifests_cannot_command_the_terminal() -> None:
    assert plain("a\x1b[2Jb\r\n") == "a\\x1b[2Jb\\r\\n"
    assert plain("café") == "café"
    assert list(hanging("a\x1b[2J\nb", first="")) == ["a\\x1b[2J b"]


@pytest.mark.parametrize(("number", "text"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors")])
def test_counts(number: int, text: str) -> None:
    assert count(number, "error") == text


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_no_color_is_respected(no_color: str, is_coloured: bool) -> None:
    @click.command()
    def command() -> None:
        show(click.style("x", fg="red"))

    result = CliRunner().invoke(command, color=True, env={"NO_COLOR": no_color})
    assert ("\x1b[" in result.output) is is_coloured


def test_no_colour_without_a_terminal() -> None:
    @click.command()
    def command() -> None:
        show(click.style("x", fg="red"))

    assert CliRunner().invoke(command, env={"NO_COLOR": ""}).output == "x\n"


def test_a_day_is_that_of_utc() -> None:
    assert date_words(86399) == "1970-01-01"
