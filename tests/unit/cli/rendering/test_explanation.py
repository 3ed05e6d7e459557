from __future__ import annotations

import click
import pytest
from support.routes import certificate, host, route, table, upstream

from ingressd.admin.queries import read_query
from ingressd.cli.rendering.explanation import explanation_text
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.explaining.explain import explain
from ingressd.routing.model import CATCH_ALL, Host, Upstream
from ingressd.routing.policy import Policy, Rewrite
from ingressd.routing.table import Table

TABLE = table(
    host("Exact /foo", "Prefix /foo/bar", "Prefix /foo", "default", name="kubia.example.com"),
    host("Prefix /", name="*.example.com"),
    host("Prefix /", name="secure.example.org", has_tls=True),
    Host(
        "rx.example.org",
        (route("Regex", "/v(.*)", host="rx.example.org", policy=Policy(rewrite=Rewrite("/$1"))),),
    ),
    upstreams=(
        upstream("default/web:80", "10.0.0.1", "10.0.0.2"),
        Upstream("default/fallback:80", unavailable="Service default/fallback does not exist"),
    ),
    certificates=(certificate("other.example.org"),),
    bindings={"secure.example.org": "f1"},
)


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def told(url: str, among: Table = TABLE, findings: tuple[Finding, ...] = ()) -> str:
    text = "\n".join(explanation_text(explain(among, read_query(url)), findings))
    return click.unstyle(text)


def test_the_whole_story() -> None:
    assert (
        told("http://kubia.example.com/foo/x")
        == """\
GET http://kubia.example.com/foo/x

=> goes to Service default/web, port 80
   why        the rule leads there and an endpoint is ready; the answer is the pod's own
   endpoints  10.0.0.1:8080, 10.0.0.2:8080
   balancing  round robin

The rule that takes it
  rule     Prefix /foo on kubia.example.com
  from     Ingress default/web, spec.rules[0].http.paths[0]
  backend  default/web:80
  because  Prefix /foo is the longest path that takes /foo/x

Hosts that kubia.example.com could mean
  serves  kubia.example.com  it is the host asked for
  not     *.example.com      host kubia.example.com is more specific than *.example.com
  2 other hosts, none of which covers the name

The other rules, and why they do not take it
  default backend of kubia.example.com  Ingress default/web, spec.rules[0].http.paths[0]
      the default backend only gets what no path takes
  Exact /foo on kubia.example.com  Ingress default/web, spec.rules[0].http.paths[0]
      Exact /foo only matches /foo itself, the request asks for /foo/x
  Prefix /foo/bar on kubia.example.com  Ingress default/web, spec.rules[0].http.paths[0]
      /foo/x is not at or below /foo/bar
  Prefix / on *.example.com  Ingress default/web, spec.rules[0].http.paths[0]
      takes /foo/x too, but host kubia.example.com is more specific than *.example.com"""
    )


def test_why_there_is_a_503() -> None:
    text = told("http://kubia.example.com/nothing")
    assert "=> 503 Service Unavailable: a rule takes the request, but leads to nothing" in text
    assert "why  Service default/fallback does not exist" in text
    assert "endpoints" not in text
    assert "rule     default backend of kubia.example.com" in text


def test_a_redirect_names_the_certificate_that_comes_next() -> None:
    text = told("http://secure.example.org/x")
    assert "=> 308 redirect to https://secure.example.org/x" in text
    assert "endpoints  10.0.0.1:8080, 10.0.0.2:8080" in text
    assert "from     Secret default/tls" in text
    assert "expires  2033-05-18" in text
    assert "it does not cover secure.example.org: clients will refuse it" in text


def test_a_rewrite_shows_what_the_pod_is_asked_for() -> None:
    text = told("http://rx.example.org/v1?q")
    assert "sent as    GET /1?q (rewritten)" in text
    assert "policies  rewrite to /$1" in text


def test_a_name_that_nobody_serves() -> None:
    text = told("http://kubia.example.net//a/../b")
    assert "=> 404 Not Found: no rule takes the request" in text
    assert "path  /b (normalised; that is what rules are compared with)" in text
    assert "  none; 4 other hosts, and no rule without a host" in text


def test_what_cannot_be_read() -> None:
    assert "=> 400 Bad Request" in told("http://kubia.example.com/%zz")


def test_tls_without_any_certificate() -> None:
    text = told("https://kubia.example.com/foo", table(host("Prefix /", name=CATCH_ALL)))
    assert "names    none" in text
    assert "the handshake fails" in text


def test_many_losers_are_counted_and_many_endpoints_too() -> None:
    crowd = table(
        host("Prefix /", *(f"Prefix /p{number}" for number in range(30))),
        upstreams=(upstream("default/web:80", *(f"10.0.0.{n}" for n in range(1, 12))),),
    )
    text = told("http://a.example.com/", crowd)
    assert "  and 10 more (--output json shows all)" in text
    assert "10.0.0.8:8080 and 3 more" in text


def test_findings_of_the_objects_come_last() -> None:
    wrong = Finding(
        Severity.ERROR, "Code", ObjectKey("Ingress", "default", "web"), "spec", "Bad.", "Mend it."
    )
    text = told("http://kubia.example.com/foo", findings=(wrong,))
    assert text.endswith(
        "Findings about the objects involved\n"
        "  Ingress default/web\n"
        "    error    spec [Code]\n"
        "             Bad.\n"
        "             fix: Mend it."
    )


def test_findings_beyond_the_worst_are_counted() -> None:
    findings = [
        Finding(Severity.ERROR, "Code", ObjectKey("Ingress", "default", f"i{n}"), "", "bad", "mend")
        for n in range(25)
    ]
    lines = explanation_text(explain(TABLE, read_query("http://a.example.com/")), findings, more=3)
    text = click.unstyle("\n".join(lines))
    assert text.count("[Code]") == 20
    assert text.endswith("\n  and 8 more; `ingressd check` lists them")
