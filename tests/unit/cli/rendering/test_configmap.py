from __future__ import annotations

import json

from click.testing import CliRunner

from ingressd.cli.annotations import command
from ingressd.cli.rendering.configmap import configmap_markdown, list_keys
from ingressd.compiler.configmap.table import BY_NAME, ROWS, SUBJECTS

LINES = configmap_markdown().splitlines()


def printed(*arguments: str, **variables: str) -> str:
    result = CliRunner().invoke(command, ("--configmap", *arguments), env=variables)
    assert result.exit_code == 0, result.output
    return result.output


def line(name: str) -> str:
    (found,) = [text for text in LINES if text.startswith(f"| `{name}`")]
    return found


def test_every_key_is_printed_with_state_and_documentation() -> None:
    lines = printed().splitlines()
    words = {text.split()[0]: text.split() for text in lines if text.startswith("  ")}
    assert set(BY_NAME) <= set(words)
    assert words["keep-alive"][1:3] == ["honoured", "Seconds"]
    assert {subject.title for subject in SUBJECTS} <= set(lines)


def test_the_flag_of_run_is_another_one() -> None:
    assert printed(INGRESSD_CONFIGMAP="web/settings") == printed()


def test_json_has_all_that_is_known() -> None:
    entries = json.loads(printed("--output", "json"))
    assert len(entries) == len(ROWS)
    by_name = {entry.pop("key"): entry for entry in entries}
    assert by_name["upstream-keepalive-time"] == {
        "subject": "Towards pods",
        "state": "honoured",
        "protective": False,
        "documentation": "Age at which a connection to a pod takes no more requests.",
        "default": "1h",
        "expected": 'a time such as 90, 90s, 30m, 1h or "1h 30m"',
    }
    assert by_name["use-geoip2"] == {
        "subject": "nginx itself",
        "state": "never",
        "protective": False,
        "documentation": "Look up countries of clients.",
        "default": "false",
        "instead": "none are looked up",
        "remedy": "remove it",
    }


def test_markdown_is_the_document() -> None:
    assert printed("--output", "markdown") == configmap_markdown()
    assert line("keep-alive-requests") == (
        "| `keep-alive-requests` | `1000` | honoured | Requests on one connection of a client. |"
    )
    assert line("http-snippet").startswith("| `http-snippet` † |  | never |")
    assert all(text.count("|") == 5 for text in LINES if text.startswith("| `"))


def test_an_honoured_key_says_nothing_else() -> None:
    (entry,) = [each for each in list_keys() if each.key == "ssl-redirect"]
    assert (entry.expected, entry.instead, entry.remedy) == ("true or false", "", "")
