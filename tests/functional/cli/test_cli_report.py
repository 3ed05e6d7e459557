"""``check --report``: what moving a cluster here would change, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.annotated import Manifest, ingress
from support.commands import EXAMPLES, ingressd

from ingressd.cli.report import Effect

HEADER = "more_set_headers 'X-Frame-Options: DENY';"
DUMP = (
    ingress("web", "web.test", ssl_redirect="false", proxy_read_timeout="60s"),
    ingress("api", "api.test", configuration_snippet=HEADER, proxy_read_timeout="60"),
    ingress("admin", "admin.test", auth_type="basic", auth_secret="users"),
    ingress("plain", "plain.test"),
)


def dumped(folder: Path, *objects: Manifest) -> Path:
    """What ``kubectl get ... -A -o yaml`` writes into a file."""
    path = folder / "dump.yaml"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))
    return path


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return dumped(tmp_path, *DUMP)


def test_the_sum_stands_at_the_end(dump: Path) -> None:
    result = ingressd("check", "--report", dump)
    assert result.output.endswith(
        "4 Ingresses\n"
        "     2  served exactly as before\n"
        "     1  with differences\n"
        "     1  blocked (503)\n"
    )
    assert "no Secret was read, and 1 Ingress cannot be served without one" in result.output
    assert result.exit_code == 1, "an Ingress is blocked"


def test_missing_services_are_none_of_its_business(tmp_path: Path) -> None:
    """``kubectl get ingresses`` alone is a report of its own."""
    result = ingressd("check", "--report", dumped(tmp_path, ingress("web", "web.test")))
    assert "ServiceMissing" not in result.output
    assert result.exit_code == 0


def test_programs_get_all_of_it(dump: Path) -> None:
    report = json.loads(ingressd("check", "--report", dump, "--output", "json").output)
    by_name = {each["annotation"].rpartition("/")[2]: each for each in report["annotations"]}
    timeout = by_name["proxy-read-timeout"]
    assert timeout["outcomes"] == {"invalid": 1, "honoured": 1}
    assert [fate["ingresses"] for fate in timeout["fates"]] == [["default/web"], ["default/api"]]
    assert by_name["configuration-snippet"]["effect"] == Effect.DIFFERENT.value
    assert report["unread"] == {"Secret": 1}
    assert report["summary"] == {
        "ingresses": 4, "as_before": 2, "different": 1, "blocked": 1, "not_ours": 0
    }  # fmt: skip


def test_keys_of_the_configmap_are_part_of_it(tmp_path: Path) -> None:
    keys = {"ssl-redirect": "false", "http-snippet": "server_tokens off;"}
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "controller", "namespace": "ingress-nginx"},
        "data": keys,
    }
    dump = dumped(tmp_path, ingress("web", "web.test"), settings)
    named = ("--configmap", "ingress-nginx/controller")
    told = ingressd("check", "--report", dump, *named).output
    assert "Keys of ConfigMap ingress-nginx/controller\n  http-snippet  unsupported" in told
    assert "as before: ssl-redirect" in told
    assert "note: " not in told
    told = ingressd("check", "--report", dump).output
    assert "note: ConfigMap ingress-nginx/controller has keys of ingress-nginx" in told
    assert "Keys of" not in told


def test_another_prefix_is_read_alike(tmp_path: Path) -> None:
    renamed = json.dumps(DUMP).replace("nginx.ingress.kubernetes.io/", "ours.example.com/")
    dump = dumped(tmp_path, *json.loads(renamed))
    told = ingressd("check", "--report", dump, "--annotations-prefix", "ours.example.com").output
    assert "1  configuration-snippet  " in told, "shown without the prefix that is read"
    assert "     1  with differences" in told


def test_ingresses_of_others_are_told_apart(dump: Path) -> None:
    told = ingressd("check", "--report", dump, "--ingress-class", "nginx").output
    assert "note: 4 Ingresses left out" in told
    assert "0 Ingresses\n" in told


def test_the_examples_are_served_as_before() -> None:
    result = ingressd("check", "--report", EXAMPLES, "--output", "json")
    summary = json.loads(result.output)["summary"]
    assert summary["as_before"] == summary["ingresses"] > 20
    assert result.exit_code == 0


def test_charts_as_they_are_rendered_are_all_but_served_as_before() -> None:
    """gRPC and a snippet that denies are blocked; two snippets have no effect."""
    charts = Path(__file__).parents[1] / "charts"
    result = ingressd("check", "--report", charts, "--output", "json")
    summary = json.loads(result.output)["summary"]
    assert (summary["blocked"], summary["different"]) == (2, 2)
    assert summary["as_before"] == summary["ingresses"] - 4 > len(list(charts.iterdir()))
