from __future__ import annotations

from msgspec import UNSET
from support.objects import PREFIX

from ingressd.compiler.codes import Code, problem
from ingressd.compiler.ingresses.claims import Reference
from ingressd.compiler.ingresses.references import problem_at
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Backend, Upstream

SUBJECT = ObjectKey("Ingress", "default", "web")
MISSING = problem(Code.SERVICE_MISSING, "", "Service default/x does not exist; 503", "create it")
UPSTREAM = Upstream("default/x:", unavailable="Service default/x does not exist")
BACKEND = Backend("default", "x", "")


def test_at_a_field_it_is_told_as_it_is() -> None:
    told = problem_at(Reference("spec.defaultBackend", BACKEND), SUBJECT, UPSTREAM, MISSING)
    assert (told.field, told.severity) == ("spec.defaultBackend", Severity.ERROR)
    assert told.message == MISSING.message


def test_at_an_annotation_it_costs_the_annotation_alone() -> None:
    annotation = f"{PREFIX}/default-backend"
    reference = Reference(f"metadata.annotations[{annotation}]", BACKEND, annotation)
    told = problem_at(reference, SUBJECT, UPSTREAM, MISSING)
    assert (told.field, told.severity) == (reference.field, Severity.WARNING)
    assert told.message == "Service default/x does not exist; it is ignored"
    assert (told.verdict, told.remedy) == ("invalid", "create it")


def test_at_a_canary_it_costs_the_canary_alone() -> None:
    reference = Reference("spec.rules[0].http.paths[0].backend", BACKEND, of_canary=True)
    told = problem_at(reference, SUBJECT, UPSTREAM, MISSING)
    assert (told.severity, told.verdict) == (Severity.WARNING, UNSET)
    assert told.message == "Service default/x does not exist; the main Ingress takes all requests"


def test_at_a_service_that_is_asked_it_says_what_that_costs() -> None:
    reference = Reference("metadata.annotations[x]", BACKEND, otherwise="requests get 500")
    told = problem_at(reference, SUBJECT, UPSTREAM, MISSING)
    assert (told.severity, told.verdict) == (Severity.WARNING, UNSET)
    assert told.message == "Service default/x does not exist; requests get 500"
