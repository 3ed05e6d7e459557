"""``ingressd routes`` and ``ingressd hosts`` on the example manifests."""

from __future__ import annotations

import json

from support.commands import EXAMPLES, ingressd

KUBIA = ("--manifests", EXAMPLES / "kubia", "--backend", "kubia=127.0.0.1:8080")


def test_routes_shows_every_route() -> None:
    result = ingressd("routes", *KUBIA)
    assert result.exit_code == 0
    head, *lines = result.output.splitlines()
    assert head.split()[:3] == ["HOST", "PATH", "TYPE"]
    assert "kubia.example.com   /bar  Exact" in result.output
    assert all("127.0.0.1:8080" in line for line in lines)


def test_routes_as_json() -> None:
    rows = json.loads(ingressd("routes", *KUBIA, "--output", "json").output)
    assert {row["host"] for row in rows} >= {"kubia.example.com", "foo.example.com"}
    assert "private" not in json.dumps(rows)


def test_no_route_is_said() -> None:
    result = ingressd("routes", "--manifests", "-", input="")
    assert result.output == "There is no route.\n"


def test_hosts_prints_lines_for_etc_hosts() -> None:
    result = ingressd("hosts", *KUBIA, "--address", "127.0.0.2")
    assert result.exit_code == 0
    assert "127.0.0.2\tkubia.example.com" in result.output.splitlines()


def test_no_host_is_said() -> None:
    assert ingressd("hosts", "--manifests", "-", input="").output.startswith("# ")
