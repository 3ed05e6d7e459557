from __future__ import annotations

import pytest

from ingressd.resources.finding import Severity
from ingressd.resources.secret import Secret
from ingressd.resources.service import Service
from ingressd.resources.shape import Shape, closest


def test_what_fits_comes_back_without_nulls_and_unknown_fields() -> None:
    value = {"kind": "Service", "metadata": {"name": "a", "uid": None}, "spec": {"x": 1}}
    fitted, problems = Shape(Service, is_closed=False).fit(value)
    assert fitted == {"metadata": {"name": "a"}, "spec": {}}
    assert problems == ()


def test_a_closed_shape_reports_unknown_fields() -> None:
    _, problems = Shape(Service, is_closed=True).fit({"metadata": {"name": "a"}, "spec": {"x": 1}})
    assert [(p.severity, p.field) for p in problems] == [(Severity.WARNING, "spec.x")]


def test_secret_values_are_never_shown() -> None:
    value = {"metadata": {"name": "a"}, "data": {"k": 77777}, "stringData": {"l": 88888}}
    _, problems = Shape(Secret, is_closed=False, shows_values=False).fit(value)
    assert [problem.field for problem in problems] == ["data[k]", "stringData[l]"]
    assert "77777" not in str(problems) and "88888" not in str(problems)


@pytest.mark.parametrize(
    ("name", "meant"), [("pathtype", "pathType"), ("BACKEND", "backend"), ("zzz", None)]
)
def test_closest(name: str, meant: str | None) -> None:
    assert closest(name, ["path", "pathType", "backend"]) == meant
