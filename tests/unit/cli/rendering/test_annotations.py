from __future__ import annotations

from ingressd.cli.rendering.annotations import annotations_markdown

LINES = annotations_markdown("example.com").splitlines()


def line(name: str) -> str:
    (found,) = [text for text in LINES if text.startswith(f"| `{name}`")]
    return found


def test_a_line_has_state_scope_and_documentation() -> None:
    assert line("proxy-send-timeout") == (
        "| `proxy-send-timeout` | 1 | honoured | path | Seconds between two writes (default 60). |"
    )


def test_what_protects_is_marked_and_aliases_are_named() -> None:
    start = "| `allowlist-source-range`, `whitelist-source-range` † | 1 | honoured | path | "
    assert line("allowlist-source-range").startswith(start)


def test_what_it_needs_is_said() -> None:
    assert line("auth-realm").endswith(" Needs `auth-type`. |")
    assert line("limit-burst-multiplier").endswith(" Needs `limit-rps` or `limit-rpm`. |")
    assert line("auth-cache-duration").endswith(" Needs `auth-url`, and `auth-cache-key`. |")
    assert line("proxy-redirect-to").endswith(
        " Needs a `proxy-redirect-from` other than off and default. |"
    )
    assert line("upstream-hash-by-subset-size").endswith(
        " Needs `upstream-hash-by-subset: true`. |"
    )
    assert " Needs " not in line("rewrite-target")


def test_text_is_not_taken_for_markdown() -> None:
    assert r"\*" in line("cors-allow-origin")
    assert all(text.count("|") == 6 for text in LINES if text.startswith("| `"))
