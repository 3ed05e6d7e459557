from __future__ import annotations

import json

from click.testing import CliRunner

from ingressd.cli.annotations import command, list_entries
from ingressd.compiler.annotations.table import BY_NAME, ROWS, SUBJECTS


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_every_name_is_printed_with_tier_state_and_documentation() -> None:
    lines = printed().splitlines()
    assert lines[0].startswith("Each name stands after nginx.ingress.kubernetes.io/")
    first_words = {line.split()[0]: line.split() for line in lines if line.startswith("  ")}
    assert set(BY_NAME) <= set(first_words)
    assert first_words["proxy-read-timeout"][1:4] == ["1", "honoured", "Seconds"]
    assert first_words["server-alias"][1:4] == ["2", "not", "yet"]
    assert {subject.title for subject in SUBJECTS} <= set(lines)


def test_an_alias_says_whose_it_is() -> None:
    words = " ".join(printed().split())
    assert "limit-whitelist 1 not yet Another name for limit-allowlist." in words


def test_json_has_full_names_and_all_that_is_known() -> None:
    entries = json.loads(printed("--output", "json", "--annotations-prefix", "example.com"))
    assert len(entries) == len(ROWS)
    by_name = {entry.pop("annotation"): entry for entry in entries}
    assert by_name["example.com/auth-tls-verify-client"] == {
        "subject": "Client certificates",
        "tier": 2,
        "state": "not yet",
        "scope": "host",
        "protective": True,
        "documentation": "on (default), off, optional or optional_no_ca.",
        "requires": "example.com/auth-tls-secret",
        "instead": "the paths answer 503 while client certificates cannot be checked",
        "remedy": "let the pods demand certificates, then remove the annotation",
    }
    assert by_name["example.com/allowlist-source-range"]["aliases"] == [
        "example.com/whitelist-source-range"
    ]


def test_what_is_honoured_says_what_it_takes_and_nothing_else() -> None:
    (entry,) = [e for e in list_entries("x") if e.annotation == "x/ssl-redirect"]
    assert (entry.expected, entry.instead, entry.remedy) == ("true or false", "", "")


def test_markdown_is_the_document() -> None:
    lines = printed("--output", "markdown", "--annotations-prefix", "example.com").splitlines()
    assert lines[0] == "# Annotations"
    assert any("`example.com/`" in line for line in lines)
