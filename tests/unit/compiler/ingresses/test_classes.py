from __future__ import annotations

import pytest
from msgspec import structs
from support.objects import ingress, ingress_class, rule

from ingressd.compiler.ingresses.classes import decide_ownership
from ingressd.compiler.settings import DEFAULT_CONTROLLER_CLASS, CompilerSettings
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress, IngressClass

OURS = ingress_class("ours", DEFAULT_CONTROLLER_CLASS)
OUR_DEFAULT = ingress_class("ours", DEFAULT_CONTROLLER_CLASS, is_default=True)
FOREIGN = ingress_class("foreign", "example.com/other")
FOREIGN_DEFAULT = ingress_class("foreign", "example.com/other", is_default=True)
STOLEN_NAME = ingress_class("ingressd", "example.com/other")


def annotated(value: str, class_name: str | None = None) -> Ingress:
    plain = ingress("web", ingress_class=class_name)
    metadata = structs.replace(plain.metadata, annotations={CLASS_ANNOTATION: value})
    return structs.replace(plain, metadata=metadata)


@pytest.mark.parametrize(
    ("subject", "classes", "is_ours", "codes"),
    [
        (ingress("web", ingress_class="ingressd"), [], True, []),
        (ingress("web", ingress_class="ingressd"), [STOLEN_NAME], False, []),
        (ingress("web", ingress_class="ours"), [OURS], True, []),
        (ingress("web", ingress_class="foreign"), [FOREIGN], False, []),
        (ingress("web", ingress_class="nobody"), [OURS], False, ["IngressClassMissing"]),
        (annotated("ingressd"), [], True, []),
        (annotated("nginx"), [OUR_DEFAULT], False, []),
        (annotated(""), [OUR_DEFAULT], False, []),
        (annotated("ingressd", class_name="foreign"), [FOREIGN], False, []),
        (ingress("web", ingress_class=None), [], False, ["IngressWithoutClass"]),
        (ingress("web", ingress_class=None), [OURS], False, ["IngressWithoutClass"]),
        (ingress("web", ingress_class=None), [OUR_DEFAULT], True, []),
        (ingress("web", ingress_class=None), [FOREIGN_DEFAULT], False, []),
    ],
)
def test_class_rules(
    subject: Ingress, classes: list[IngressClass], is_ours: bool, codes: list[str]
) -> None:
    by_name = {entry.metadata.name: entry for entry in classes}
    ownership = decide_ownership(subject, by_name, CompilerSettings())
    assert ownership.is_ours is is_ours
    assert [finding.code for finding in ownership.findings] == codes


def test_flags_widen_and_narrow_what_is_served() -> None:
    def is_ours(subject: Ingress, **flags: object) -> bool:
        settings = CompilerSettings(**flags)  # type: ignore[arg-type]
        return decide_ownership(subject, {"foreign": FOREIGN}, settings).is_ours

    classless = ingress("web", ingress_class=None)
    assert is_ours(classless, watch_ingress_without_class=True)
    assert is_ours(ingress("web", ingress_class="foreign"), serve_every_class=True)
    assert not is_ours(ingress("web"), watch_namespace="other")
    assert is_ours(ingress("web", namespace="other"), watch_namespace="other")
    assert is_ours(annotated("public"), ingress_class="public")


def test_an_empty_class_name_is_called_empty() -> None:
    ownership = decide_ownership(ingress("web", ingress_class=""), {}, CompilerSettings())
    assert not ownership.is_ours
    (told,) = ownership.findings
    assert told.message.startswith("it is empty;")
    assert told.remedy == "write ingressClassName: ingressd"


def test_a_default_backend_can_be_forbidden_and_takes_the_rules_with_it() -> None:
    settings = CompilerSettings(disable_catch_all=True)
    both = ingress("both", rule("a.test", "/"), default="web:80")
    ownership = decide_ownership(both, {}, settings)
    assert not ownership.is_ours
    (told,) = ownership.findings
    assert (told.code, told.field) == ("CatchAllDisabled", "spec.defaultBackend")
    assert decide_ownership(ingress("rules", rule("a.test", "/")), {}, settings).is_ours
    assert decide_ownership(both, {}, CompilerSettings()).is_ours
    foreign = ingress("foreign", default="web:80", ingress_class="foreign")
    assert decide_ownership(foreign, {"foreign": FOREIGN}, settings).findings == ()
