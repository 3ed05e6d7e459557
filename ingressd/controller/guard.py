"""Keeps a bug in the compiler to the unit that shows it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Guard:
    """Runs the compiler unit by unit; what fails stays as it was, and becomes a finding."""

    def __init__(self) -> None:
        self._failures: dict[ObjectKey, Finding] = {}

    def attempt(self, unit: ObjectKey, compile_unit: Callable[[], T]) -> T | None:
        """The result, or None when there is none and the last good one must stay."""
        try:
            result = compile_unit()
        except Exception:  # whatever the bug is, the other units must go on
            _log.exception("compiling %s failed; its last good state stays", unit)
            self._failures[unit] = finding(
                Code.COMPILER_FAILED,
                unit,
                "",
                "ingressd failed to compile it; its last good state stays in use",
                "report this with the object and the log of ingressd",
            )
            return None
        self._failures.pop(unit, None)
        return result

    def forget(self, unit: ObjectKey) -> None:
        """The unit is gone."""
        self._failures.pop(unit, None)

    def findings_of(self, unit: ObjectKey) -> list[Finding]:
        """At most one."""
        failure = self._failures.get(unit)
        return [failure] if failure is not None else []

    @property
    def findings(self) -> list[Finding]:
        """One for each unit that fails."""
        return list(self._failures.values())
