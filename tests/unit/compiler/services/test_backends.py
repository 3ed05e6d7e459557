from __future__ import annotations

import pytest
from support.objects import backend

from ingressd.compiler.services.backends import parse_service, read_backend
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
        (IngressBackend(resource=TypedLocalObjectReference("Bucket", "icons")), "f.resource"),
    ],
)
def test_what_names_no_port_is_a_problem_at_its_field(bad: IngressBackend, field: str) -> None:
    result = read_backend(bad, "shop", "f")
    assert isinstance(result, Problem)
    assert result.field == field


def test_a_flag_names_a_backend() -> None:
    assert parse_service("ops/errors") == Backend("ops", "errors", "")
    assert parse_service("") is None
