from __future__ import annotations

from ingressd.cli.hosts import hosts_lines


def test_a_line_for_each_name_and_a_comment_for_each_wildcard() -> None:
    names = ["b.example.com", "", "*.example.com", "a.example.com"]
    assert list(hosts_lines(names, "127.0.0.1")) == [
        "127.0.0.1\ta.example.com",
        "127.0.0.1\tb.example.com",
        "# *.example.com: add the names you use, for example 127.0.0.1 any.example.com",
    ]
