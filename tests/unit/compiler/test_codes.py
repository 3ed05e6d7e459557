from __future__ import annotations

import re

from ingressd.compiler.codes import Code, finding, problem
from ingressd.resources.decoding import to_finding
from ingressd.resources.metadata import ObjectKey


def test_codes_are_camel_case_and_unique() -> None:
    values = [code.value for code in Code]
    assert len(values) == len(set(values)) == len(Code.__members__)
    assert all(re.fullmatch("([A-Z][a-z]+)+", value) for value in values)


def test_problem_and_finding_agree() -> None:
    subject = ObjectKey("Ingress", "default", "web")
    made = problem(Code.PATH_INVALID, "f", "m", "r")
    assert to_finding(made, subject, "") == finding(Code.PATH_INVALID, subject, "f", "m", "r")
