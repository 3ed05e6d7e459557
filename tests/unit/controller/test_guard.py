from __future__ import annotations

import logging

import pytest

from ingressd.controller.guard import Guard
from ingressd.resources.metadata import ObjectKey

UNIT = ObjectKey("Ingress", "default", "web")


def broken() -> str:
    raise RuntimeError("a bug")


def test_failure_is_logged_and_told_until_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    guard = Guard()
    with caplog.at_level(logging.ERROR):
        assert guard.attempt(UNIT, broken) is None
    assert "Ingress default/web" in caplog.text
    assert [(f.code, f.subject) for f in guard.findings] == [("CompilerFailed", UNIT)]
    assert guard.attempt(UNIT, lambda: "compiled") == "compiled"
    assert guard.findings == []


def test_unit_that_goes_takes_its_failure_along() -> None:
    guard = Guard()
    guard.attempt(UNIT, broken)
    guard.forget(UNIT)
    assert guard.findings == []
