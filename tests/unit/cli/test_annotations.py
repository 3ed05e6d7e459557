from __future__ import annotations

import json

from click.testing import CliRunner

from ingressd.cli.annotations import command, list_entries
from ingressd.compiler.annotations.table import BY_NAME, OWN, ROWS, SUBJECTS


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
    assert first_words["server-snippet"][2] == "never"
    assert {subject.title for subject in SUBJECTS} <= set(lines)


def test_an_alias_says_whose_it_is() -> None:
    words = " ".join(printed().split())
    assert "limit-whitelist 1 honoured Another name for limit-allowlist." in words


def test_json_has_full_names_and_all_that_is_known() -> None:
    entries = json.loads(printed("--output", "json", "--annotations-prefix", "example.com"))
    assert len(entries) == len(ROWS) + len(OWN.rows)
    by_name = {entry.pop("annotation"): entry for entry in entries}
    assert by_name["ingressd.dev/denied-paths"]["protective"]
    assert by_name["example.com/auth-tls-match-cn"] == {
        "subject": "Client certificates",
        "tier": 2,
        "state": "honoured",
        "scope": "host",
        "protective": True,
        "documentation": "CN=REGEX that must be found in the subject of the certificate, else 403.",
        "expected": "CN= and a regular expression",
        "requires": "example.com/auth-tls-secret",
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
