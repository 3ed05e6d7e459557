"""Which Ingresses are ours."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ingressd.compiler.codes import Code, finding
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import CLASS_ANNOTATION, Ingress, IngressClass


class Ownership(Struct, frozen=True):
    """Whether an Ingress is served, and what to tell its owner about that."""

    is_ours: bool
    findings: tuple[Finding, ...] = ()


OURS = Ownership(is_ours=True)
FOREIGN = Ownership(is_ours=False)


def decide_ownership(
    ingress: Ingress, classes: Mapping[str, IngressClass], settings: CompilerSettings
) -> Ownership:
    """Whether we serve an Ingress: by namespace, ``spec.ingressClassName``, the older annotation
    ``kubernetes.io/ingress.class``, or the default IngressClass, in this order; and whether one
    that is meant for us may have a default backend.

    ``classes`` holds every IngressClass by name. Without an IngressClass of that name,
    ``ingressClassName`` counts as ours when it is ``--ingress-class`` itself.
    """
    ownership = _by_class(ingress, classes, settings)
    may_not = settings.disable_catch_all and ingress.spec.default_backend is not None
    return _with_catch_all(ingress) if ownership.is_ours and may_not else ownership


def _by_class(
    ingress: Ingress, classes: Mapping[str, IngressClass], settings: CompilerSettings
) -> Ownership:
    namespace = ingress.metadata.namespace
    if settings.watch_namespace and namespace != settings.watch_namespace:
        return FOREIGN
    if settings.serve_every_class:
        return OURS
    name = ingress.spec.ingress_class_name
    if name is not None:
        return _by_class_name(ingress, name, classes, settings)
    annotated = ingress.metadata.annotations.get(CLASS_ANNOTATION)
    if annotated is not None:
        return OURS if annotated == settings.ingress_class else FOREIGN
    if settings.watch_ingress_without_class or _has_default(classes, settings):
        return OURS
    return _without_class(ingress, classes, settings)


def _with_catch_all(ingress: Ingress) -> Ownership:
    told = finding(
        Code.CATCH_ALL_DISABLED,
        ingress.key,
        "spec.defaultBackend",
        "--disable-catch-all forbids default backends; nothing of this Ingress is served, "
        "its rules neither",
        "write a rule with path / for each host that it is meant for, or run without the flag",
    )
    return Ownership(is_ours=False, findings=(told,))


def is_own_class(ingress_class: IngressClass, settings: CompilerSettings) -> bool:
    """Whether an IngressClass names our controller."""
    return ingress_class.spec.controller == settings.controller_class


def _by_class_name(
    ingress: Ingress, name: str, classes: Mapping[str, IngressClass], settings: CompilerSettings
) -> Ownership:
    ingress_class = classes.get(name)
    if ingress_class is not None:
        return OURS if is_own_class(ingress_class, settings) else FOREIGN
    if name == settings.ingress_class:
        return OURS
    fault = f"there is no IngressClass {name!r}" if name else "it is empty"
    missing = finding(
        Code.INGRESS_CLASS_MISSING,
        ingress.key,
        "spec.ingressClassName",
        f"{fault}; this Ingress is not served",
        f"create it with controller {settings.controller_class}, or name {settings.ingress_class}"
        if name
        else f"write ingressClassName: {settings.ingress_class}",
    )
    return Ownership(is_ours=False, findings=(missing,))


def _has_default(classes: Mapping[str, IngressClass], settings: CompilerSettings) -> bool:
    return any(
        ingress_class.is_default and is_own_class(ingress_class, settings)
        for ingress_class in classes.values()
    )


def _without_class(
    ingress: Ingress, classes: Mapping[str, IngressClass], settings: CompilerSettings
) -> Ownership:
    if any(ingress_class.is_default for ingress_class in classes.values()):
        return FOREIGN
    unclaimed = finding(
        Code.INGRESS_WITHOUT_CLASS,
        ingress.key,
        "spec.ingressClassName",
        "this Ingress names no class and there is no default IngressClass; it is not served",
        f"set ingressClassName: {settings.ingress_class}, or run with "
        "--watch-ingress-without-class",
    )
    return Ownership(is_ours=False, findings=(unclaimed,))
