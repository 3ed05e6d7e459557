from __future__ import annotations

import pytest

from ingressd.resources.kinds import KINDS, near_miss, shape_of


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_every_kind_has_a_shape_and_knows_its_own_name(kind) -> None:  # type: ignore[no-untyped-def]
    _, problems = shape_of(kind.type).fit({"metadata": {"name": "a"}})
    assert problems == ()
    assert KINDS[kind.name] is kind


@pytest.mark.parametrize(
    ("kind", "version", "code"),
    [
        ("Ingress", "extensions/v1", "UnknownApiVersion"),
        ("Secrets", "v1", "UnknownKind"),
        ("Service", "serving.knative.dev/v1", None),
        ("Pod", "v1", None),
        ("ingress", "traefik.io/v1", None),
    ],
)
def test_near_misses(kind: str, version: str, code: str | None) -> None:
    problem = near_miss(kind, version)
    assert (problem and problem.code) == code
