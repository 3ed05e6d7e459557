from __future__ import annotations

import pytest
from msgspec import structs
from support.routes import canary, certificate, host, route, table, upstream

from ingressd.admin.involved import involved
from ingressd.admin.queries import read_query
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.explaining.explain import Explanation, explain
from ingressd.routing.model import Host, PathKind
from ingressd.routing.policy import Policy

TABLE = table(
    host("Prefix /foo"),
    upstreams=(upstream(),),
    certificates=(certificate("a.example.com"),),
    bindings={"a.example.com": "f1"},
)
SUBJECTS = [
    ObjectKey("Ingress", "default", "web"),
    ObjectKey("Ingress", "default", "other"),
    ObjectKey("IngressClass", "", "nginx"),
    ObjectKey("Service", "default", "web"),
    ObjectKey("Service", "other", "web"),
    ObjectKey("Endpoints", "default", "web"),
    ObjectKey("EndpointSlice", "default", "web-abc"),
    ObjectKey("EndpointSlice", "default", "website"),
    ObjectKey("Secret", "default", "tls"),
    ObjectKey("File", "", "broken.yaml"),
]
FINDINGS = [Finding(Severity.ERROR, "Code", key, "", "wrong", "mend") for key in SUBJECTS]


def asked(url: str) -> Explanation:
    return explain(TABLE, read_query(url))


def names(explanation: Explanation) -> list[str]:
    return [str(finding.subject) for finding in involved(explanation, FINDINGS)]


def test_findings_along_the_way_of_the_request() -> None:
    assert names(asked("http://a.example.com/foo")) == [
        "Ingress default/web",
        "Service default/web",
        "Endpoints default/web",
        "EndpointSlice default/web-abc",
        "Secret default/tls",
        "File broken.yaml",
    ]


def test_every_ingress_counts_where_no_rule_takes_the_request() -> None:
    assert names(asked("http://a.example.org/")) == [
        "Ingress default/web",
        "Ingress default/other",
        "IngressClass nginx",
        "File broken.yaml",
    ]


def test_findings_of_rules_that_do_not_match_are_left_out() -> None:
    taken = host("Prefix /foo").routes[0]
    other = route("Prefix", "/bar", ingress="default/other")
    lost = route("Prefix", "/", ingress="default/lost")
    among = table(Host("a.example.com", (taken, other, lost)), upstreams=(upstream(),))
    findings = [
        Finding(Severity.ERROR, "Code", ObjectKey("Ingress", "default", name), "", text, "mend")
        for name, text in [
            ("web", "wrong"),
            ("other", "wrong"),
            ("lost", "wrong"),
            ("loser", f"belongs to Ingress {taken.ingress} ({taken.field})"),
        ]
    ]
    explanation = explain(among, read_query("http://a.example.com/foo"))
    shown = [finding.subject.name for finding in involved(explanation, findings)]
    assert shown == ["web", "lost", "loser"]


@pytest.mark.parametrize("is_closed", [True, False])
def test_what_closes_routes_of_others_counts_where_one_is_closed(is_closed: bool) -> None:
    subject = ObjectKey("ConfigMap", "web", "settings")
    told = [
        Finding(severity, "ConfigMapKeyUnsupported", subject, "", severity.value, "")
        for severity in Severity
    ]
    policy = Policy(is_closed=is_closed)
    among = table(Host("a.example.com", (route("Prefix", "/", policy=policy),)))
    shown = involved(explain(among, read_query("http://a.example.com/foo")), told)
    assert [finding.message for finding in shown] == (["error"] if is_closed else [])


def test_flags_always_count() -> None:
    finding = Finding(
        Severity.WARNING, "OverrideUnused", ObjectKey("Flag", "", "--backend"), "", "no", "mend"
    )
    assert involved(asked("http://a.example.com/foo"), [finding]) == (finding,)


def test_canaries_count_and_what_is_behind_them() -> None:
    shared = structs.replace(route("Prefix", "/"), alternatives=(canary("new", weight=1),))
    among = table(Host("a.example.com", (shared,)), upstreams=(upstream(),))
    keys = [ObjectKey(kind, "default", "new") for kind in ("Ingress", "Service", "Endpoints")]
    findings = [Finding(Severity.ERROR, "Code", key, "", "wrong", "mend") for key in keys]
    explanation = explain(among, read_query("http://a.example.com/"))
    assert [found.subject for found in involved(explanation, findings)] == keys


def test_where_nothing_is_there_every_ingress_may_have_lost_its_rule() -> None:
    nothing = structs.replace(route("Prefix", "/"), backend=None, kind=PathKind.UNMATCHED)
    lost = Finding(Severity.ERROR, "C", ObjectKey("Ingress", "default", "lost"), "", "", "")
    found = explain(
        table(Host("a.example.com", (), nothing)), read_query("http://a.example.com/foo")
    )
    assert involved(found, [lost]) == (lost,)
