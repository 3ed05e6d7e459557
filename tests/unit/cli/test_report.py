from __future__ import annotations

import pytest
from msgspec.structs import replace
from support.objects import PREFIX
from support.routes import route, table

from ingressd.cli.compiled import Compilation
from ingressd.cli.report import Effect, Summary, report_on
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Host
from ingressd.routing.policy import Policy
from ingressd.routing.table import Table

SHOP = ObjectKey("Ingress", "default", "shop")
SETTINGS = ObjectKey("ConfigMap", "default", "settings")


def verdict(name: str, outcome: Outcome = Outcome.HONOURED, **rest: object) -> Verdict:
    return Verdict(f"{PREFIX}/{name}", outcome, **rest)  # type: ignore[arg-type]


def compilation(**verdicts: tuple[Verdict, ...]) -> Compilation:
    """Ingresses of namespace default, by name."""
    named = {f"default/{name}": each for name, each in verdicts.items()}
    return Compilation(Table.empty(), (), len(named), verdicts=named)


def test_an_annotation_is_counted_by_outcome_with_what_would_change() -> None:
    good = verdict("backend-protocol")
    bad = verdict("backend-protocol", Outcome.UNSUPPORTED, message="no gRPC", remedy="none")
    (entry,) = report_on(compilation(a=(good,), b=(bad,), c=(good,), d=(bad,))).annotations
    assert (entry.annotation, entry.ingresses) == (f"{PREFIX}/backend-protocol", 4)
    assert entry.outcomes == {"unsupported": 2, "honoured": 2}
    assert entry.effect is Effect.DIFFERENT, "the worst there is"
    worst, _ = entry.fates
    assert (worst.ingresses, worst.message) == (("default/b", "default/d"), "no gRPC")


@pytest.mark.parametrize(
    ("told", "effect"),
    [
        (verdict("auth-type", Outcome.INVALID, is_blocking=True), Effect.BLOCKED),
        (verdict("backend-protocol", Outcome.UNSUPPORTED), Effect.DIFFERENT),
        (verdict("custom-http-errors", Outcome.INVALID, differs=True), Effect.DIFFERENT),
        (verdict("auth-type", Outcome.INVALID, loses_protection=True), Effect.DIFFERENT),
        (verdict("proxy-read-timeout", Outcome.INVALID), Effect.WITHOUT),
        (verdict("rate-limit", Outcome.NEVER_EXISTED), Effect.WITHOUT),
        (verdict("server-alias", Outcome.OVERRIDDEN), Effect.WITHOUT),
        (verdict("proxy-busy-buffers-size", Outcome.NO_OP), Effect.AS_BEFORE),
        (verdict("ssl-redirect"), Effect.AS_BEFORE),
    ],
)
def test_what_a_verdict_costs(told: Verdict, effect: Effect) -> None:
    """Error codes that cannot be read make ingress-nginx drop the Ingress; a timeout does not."""
    (entry,) = report_on(compilation(shop=(told,))).annotations
    assert entry.effect is effect


def test_each_ingress_counts_once_by_its_worst() -> None:
    blocking = verdict("auth-type", Outcome.INVALID, is_blocking=True)
    changing = verdict("backend-protocol", Outcome.UNSUPPORTED)
    found = compilation(
        plain=(), fine=(verdict("ssl-redirect"),), other=(changing,), closed=(changing, blocking)
    )
    report = report_on(replace(found, foreign=5))
    assert report.summary == Summary(ingresses=4, as_before=2, different=1, blocked=1, not_ours=5)


def test_the_worst_annotation_comes_first_then_the_most_used() -> None:
    closed = verdict("auth-type", Outcome.INVALID, is_blocking=True)
    often, seldom = verdict("ssl-redirect"), verdict("app-root")
    report = report_on(compilation(a=(seldom, often), b=(often,), c=(closed,)))
    names = [entry.annotation.rpartition("/")[2] for entry in report.annotations]
    assert names == ["auth-type", "ssl-redirect", "app-root"]


def test_what_an_older_ingress_decides_is_overridden() -> None:
    lost = verdict("load-balance", Outcome.OVERRIDDEN, message="older", remedy="agree")
    told = lost.as_finding(SHOP)
    assert told is not None
    found = compilation(shop=(verdict("load-balance"),), older=(verdict("load-balance"),))
    (entry,) = report_on(replace(found, findings=(told,))).annotations
    assert entry.outcomes == {"overridden": 1, "honoured": 1}
    assert (entry.fates[0].message, entry.fates[0].ingresses) == ("older", ("default/shop",))


def test_an_ingress_may_differ_for_more_than_annotations() -> None:
    regex = finding(Code.REGEX_INVALID, SHOP, "spec", "no lookahead", "")
    missing = finding(Code.SERVICE_MISSING, SHOP, "spec", "as anywhere", "")
    report = report_on(replace(compilation(shop=()), findings=(regex, missing)))
    assert report.others == (regex,)
    assert report.summary.different == 1


def test_an_ingress_with_a_word_that_is_denied_is_no_longer_served_as_before() -> None:
    denied = finding(Code.ANNOTATION_DENIED, SHOP, "metadata", "it holds lua", "write it without")
    report = report_on(replace(compilation(shop=()), findings=(denied,)))
    assert report.others == (denied,)
    assert (report.summary.different, report.summary.as_before) == (1, 0)


def test_a_host_that_another_ingress_closes_is_blocked() -> None:
    closed = finding(Code.HOST_CLOSED, SHOP, "spec", "closed", "")
    report = report_on(replace(compilation(shop=()), findings=(closed,)))
    assert (report.summary.blocked, report.summary.as_before) == (1, 0)


def key_finding(code: Code, key: str) -> Finding:
    return finding(code, SETTINGS, f"data[{key}]", "why", "what to do")


def test_keys_of_the_configmap_are_told_worst_first() -> None:
    found = replace(
        compilation(shop=()),
        configmap_keys=("a", "b", "c", "d"),
        findings=(
            key_finding(Code.CONFIGMAP_KEY_NO_EFFECT, "b"),
            key_finding(Code.CONFIGMAP_KEY_INVALID, "c"),
            key_finding(Code.CONFIGMAP_KEY_UNSUPPORTED, "d"),
        ),
    )
    report = report_on(found)
    assert [(key.key, key.outcome, key.effect) for key in report.configmap] == [
        ("d", "unsupported", Effect.DIFFERENT),
        ("c", "invalid", Effect.WITHOUT),
        ("a", "honoured", Effect.AS_BEFORE),
        ("b", "no-op", Effect.AS_BEFORE),
    ]
    assert report.summary.as_before == 1, "a key is told once, not with every Ingress"


def test_a_key_blocks_every_ingress_that_it_closes() -> None:
    lost = finding(Code.CONFIGMAP_KEY_UNSUPPORTED, SETTINGS, "data[block-cidrs]", "why", "")
    closed = route("Prefix", "/a", ingress="default/a", policy=Policy(is_closed=True))
    left_open = route("Prefix", "/b", ingress="default/b")
    found = replace(
        compilation(a=(), b=()),
        table=table(Host("a.example.com", (closed, left_open))),
        configmap_keys=("block-cidrs",),
        findings=(replace(lost, severity=Severity.ERROR),),
    )
    report = report_on(found)
    assert [key.effect for key in report.configmap] == [Effect.BLOCKED]
    assert (report.summary.blocked, report.summary.as_before) == (1, 1)


@pytest.mark.parametrize(
    ("kinds", "unread"),
    [
        (frozenset({"Ingress"}), {"Secret": 1}),
        (frozenset({"Ingress", "Secret"}), {}),
        (None, {}),
    ],
)
def test_what_was_not_given_is_not_held_against_an_ingress(
    kinds: frozenset[str] | None, unread: dict[str, int]
) -> None:
    """``kubectl get ingresses -o yaml`` holds no Secret; a cluster that is asked has them all."""
    blocked = verdict("auth-tls-secret", Outcome.INVALID, is_blocking=True)
    found = compilation(a=(blocked,), b=(verdict("auth-tls-secret"),))
    assert report_on(replace(found, kinds=kinds)).unread == unread
