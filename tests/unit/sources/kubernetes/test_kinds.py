from __future__ import annotations

import pytest

from ingressd.resources.metadata import ObjectKey
from ingressd.sources.kubernetes.kinds import (
    EVERYTHING,
    Scope,
    endpoint_kinds,
    named_object,
    secrets_named_by_flags,
    watched_kinds,
)


def test_a_whole_cluster() -> None:
    kinds = watched_kinds(EVERYTHING)
    assert [kind.path for kind in kinds] == [
        "/apis/networking.k8s.io/v1/ingresses",
        "/apis/networking.k8s.io/v1/ingressclasses",
        "/api/v1/services",
        "/api/v1/secrets",
    ]
    assert kinds[-1].selectors == {"fieldSelector": "type=kubernetes.io/tls"}


def test_one_namespace_where_a_kind_has_some() -> None:
    paths = [kind.path for kind in watched_kinds(Scope("shop"))]
    assert paths == [
        "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
        "/apis/networking.k8s.io/v1/ingressclasses",
        "/api/v1/namespaces/shop/services",
        "/api/v1/namespaces/shop/secrets",
    ]


def test_a_secret_by_name_is_never_one_of_the_usual_type() -> None:
    kind = named_object(ObjectKey("Secret", "web", "cert"))
    assert kind.path == "/api/v1/namespaces/web/secrets"
    assert kind.selectors == {"fieldSelector": "metadata.name=cert,type!=kubernetes.io/tls"}


def test_the_default_certificate_is_named_by_a_flag_where_its_namespace_is_watched() -> None:
    cert = ObjectKey("Secret", "web", "tls")
    assert list(secrets_named_by_flags(Scope("", "", "", "web/tls"))) == [cert]
    assert list(secrets_named_by_flags(Scope("web", "", "", "web/tls"))) == [cert]
    assert list(secrets_named_by_flags(Scope("shop", "", "", "web/tls"))) == []
    assert list(secrets_named_by_flags(EVERYTHING)) == []


def test_what_flags_name_is_watched_by_name_only_where_nothing_else_sees_it() -> None:
    scope = Scope("", "web/settings", "web/lost", "web/tls")
    assert [kind.address for kind in watched_kinds(scope)[4:]] == [
        "/api/v1/namespaces/web/configmaps?metadata.name=settings"
    ]
    beyond = Scope("shop", "", "web/lost", "web/tls")
    assert [kind.address for kind in watched_kinds(beyond)[4:]] == [
        "/api/v1/namespaces/web/services?metadata.name=lost",
        "/api/v1/namespaces/web/secrets?metadata.name=tls",
    ]
    within = Scope("web", "", "web/lost", "web/tls")
    assert len(watched_kinds(within)) == 4


@pytest.mark.parametrize(
    ("has_slices", "addresses"),
    [
        (
            True,
            [
                "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
                "/apis/discovery.k8s.io/v1/namespaces/web/endpointslices"
                "?kubernetes.io/service-name=lost",
            ],
        ),
        (
            False,
            [
                "/api/v1/namespaces/shop/endpoints",
                "/api/v1/namespaces/web/endpoints?metadata.name=lost",
            ],
        ),
    ],
)
def test_endpoints_in_either_form(has_slices: bool, addresses: list[str]) -> None:
    kinds = endpoint_kinds(Scope("shop", "", "web/lost"), has_slices=has_slices)
    assert [kind.address for kind in kinds] == addresses


def test_a_kind_is_named_as_rbac_names_it() -> None:
    ingresses, _, services, _ = watched_kinds(EVERYTHING)
    assert (ingresses.name, ingresses.resource) == ("Ingress", "ingresses.networking.k8s.io")
    assert (ingresses.plural, ingresses.group) == ("ingresses", "networking.k8s.io")
    assert (services.name, services.resource) == ("Service", "services")
    assert (services.plural, services.group) == ("services", "")


def test_what_can_be_done_without() -> None:
    kinds = watched_kinds(Scope("shop", "web/settings", "web/lost", "web/tls"))
    assert {kind.name for kind in kinds if kind.is_optional} == {"IngressClass"}
    assert named_object(ObjectKey("Secret", "web", "cert")).is_optional
    assert named_object(ObjectKey("ConfigMap", "web", "headers")).is_optional
    shown = watched_kinds(
        Scope("shop", "web/settings", default_ssl_certificate="web/tls", serves=False)
    )
    assert {kind.name for kind in shown if kind.is_optional} == {
        "ConfigMap",
        "IngressClass",
        "Secret",
    }
    for has_slices in (True, False):
        assert not endpoint_kinds(EVERYTHING, has_slices=has_slices)[0].is_optional
