from __future__ import annotations

from support.objects import ingress

from ingressd.compiler.ingresses.claims import age_of


def test_oldest_first_then_by_name_and_undated_last() -> None:
    ingresses = [
        ingress("a", created=None),
        ingress("b", created="2026-01-01T00:00:01Z"),
        ingress("d", created="2026-01-01T00:00:00Z"),
        ingress("c", created="2026-01-01T00:00:00Z", namespace="z"),
        ingress("c", created="2026-01-01T00:00:00Z", namespace="b"),
    ]
    ordered = sorted(ingresses, key=age_of)
    assert [entry.key.qualified_name for entry in ordered] == [
        "b/c",
        "default/d",
        "z/c",
        "default/b",
        "default/a",
    ]


def test_times_are_compared_as_moments_and_not_as_text() -> None:
    ingresses = [
        ingress("d", created="garbage"),
        ingress("c", created="2026-01-01T00:30:00Z"),
        ingress("b", created="2026-01-01T01:00:00.5+01:00"),
        ingress("a", created="2025-12-31T23:00:00-01:00"),
        ingress("e", created="2026-01-01T00:00:00"),
    ]
    ordered = [entry.metadata.name for entry in sorted(ingresses, key=age_of)]
    assert ordered == ["a", "b", "c", "d", "e"]
