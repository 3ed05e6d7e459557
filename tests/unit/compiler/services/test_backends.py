from __future__ import annotations

import pytest
from msgspec import structs
from support.objects import backend

from ingressd.compiler.services.backends import parse_service, read_backend, serviceless
from ingressd.resources.ingress import (
    IngressBackend,
    IngressServiceBackend,
    ServiceBackendPort,
    TypedLocalObjectReference,
)
from ingressd.resources.shape import Problem
from ingressd.routing.model import Backend


def test_backend_is_in_the_namespace_of_the_ingress() -> None:
    assert read_backend(backend("web:http"), "shop", "f") == Backend("shop", "web", "http")
    assert read_backend(backend("web:80"), "shop", "f") == Backend("shop", "web", "80")


def service_backend(name: str, port: ServiceBackendPort) -> IngressBackend:
    return IngressBackend(IngressServiceBackend(name, port))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (IngressBackend(), "f"),
        (service_backend("", ServiceBackendPort("http")), "f"),
        (service_backend("web", ServiceBackendPort()), "f.service.port"),
        (service_backend("web", ServiceBackendPort("http", 80)), "f.service.port"),
        (service_backend("web", ServiceBackendPort(number=65536)), "f.service.port"),
        (service_backend("web", ServiceBackendPort(number=-1)), "f.service.port"),
        (service_backend("web", ServiceBackendPort("a:b")), "f.service.port"),
        (service_backend("web:80", ServiceBackendPort("http")), "f.service.name"),
        (service_backend("other/web", ServiceBackendPort("http")), "f.service.name"),
    ],
)
def test_what_names_no_port_is_a_problem_at_its_field(bad: IngressBackend, field: str) -> None:
    result = read_backend(bad, "shop", "f")
    assert isinstance(result, Problem)
    assert result.field == field


def test_a_resource_is_told_of_at_its_field_unless_there_is_a_service() -> None:
    icons = TypedLocalObjectReference("Bucket", "icons")
    told = serviceless(IngressBackend(resource=icons), "f")
    assert told is not None
    assert (told.field, "Bucket icons" in told.message) == ("f.resource", True)
    web = service_backend("web", ServiceBackendPort("http"))
    assert serviceless(structs.replace(web, resource=icons), "f") is None
    told = serviceless(IngressBackend(), "f")
    assert told is not None and (told.code, told.field) == ("BackendInvalid", "f")


def test_a_flag_names_a_backend() -> None:
    assert parse_service("ops/errors") == Backend("ops", "errors", "")
    assert parse_service("") is None
