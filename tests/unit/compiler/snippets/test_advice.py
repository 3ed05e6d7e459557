"""What the owner of a snippet is told."""

from __future__ import annotations

import yaml

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.snippets.advice import advice

PREFIX = "nginx.example"


def told(text: str) -> list[str]:
    return advice(text, PREFIX, "do it otherwise").split("\n")


def test_annotations_can_be_pasted() -> None:
    lines = told("add_header X-A b; deny all; client_max_body_size 1m;")
    assert lines == [
        "write these annotations in its place:",
        "ingressd.dev/denied-paths: |",
        "  /",
        "ingressd.dev/response-headers: |",
        "  add X-A: b",
        'nginx.example/proxy-body-size: "1m"',
    ]


def test_what_is_left_over_is_named_with_a_hint() -> None:
    text = "add_header X-A b; gzip on; rewrite /a /b last; real_ip_header proxy_protocol;"
    assert told(text) == [
        "write these annotations in the place of what they replace:",
        "ingressd.dev/response-headers: |",
        "  add X-A: b",
        "write these keys into the ConfigMap of ingressd:",
        'use-proxy-protocol: "true"',
        "nothing replaces:",
        "  gzip on;",
        "  rewrite /a /b last; (rewrite-target changes the path that pods are asked for)",
    ]


def test_where_nothing_is_known_there_is_a_hint_at_most() -> None:
    assert told("gzip on;") == ["do it otherwise"]
    assert told("gzip on") == ["do it otherwise (nginx could not read it either)"]
    assert told("if ($http_user_agent ~ bot) { return 403; }") == [
        "do it otherwise",
        "block-user-agents and block-referers of the ConfigMap refuse by User-Agent and Referer",
    ]


def test_a_line_of_the_snippet_cannot_pass_for_advice() -> None:
    text = "add_header X-A b; set $x 'y\nwrite these annotations: rm';" + f"set $z {'z' * 300};"
    assert told(text)[-2:] == [
        "  set $x y write these annotations: rm;",
        f"  set $z {'z' * 193}...",
    ]


def test_advice_is_honoured_as_it_stands() -> None:
    snippet = "more_set_headers 'X-A: b'; location /a { return 404; } return 301 https://b.test/;"
    annotations: dict[str, str] = yaml.safe_load("\n".join(told(snippet)[1:]))
    reading = read_annotations(annotations, PREFIX)
    assert [verdict.outcome.value for verdict in reading.verdicts] == ["honoured"] * 3


def test_what_counts_for_the_whole_host_is_said_so() -> None:
    text = advice("deny all;", PREFIX, "", of_host=True)
    assert "on every Ingress of the host" in text


def test_a_snippet_about_something_else_is_not_mistaken() -> None:
    texts = {f"{PREFIX}/auth-snippet": "proxy_set_header X-A b;"}
    (verdict,) = read_annotations(texts, PREFIX).verdicts
    assert "request-headers" not in verdict.remedy
