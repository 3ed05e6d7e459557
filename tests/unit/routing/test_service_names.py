"""Names by which DNS of a cluster knows Services, and URLs that hold one."""

from __future__ import annotations

import pytest

from ingressd.routing.model import Backend
from ingressd.routing.service_names import service_at, service_in

AUTH = Backend("sso", "auth", "80")


@pytest.mark.parametrize(
    "host",
    ["auth.sso.svc", "auth.sso.svc.cluster.local", "auth.sso.svc.cluster.local.", "Auth.SSO.svc"],
)
def test_the_full_name_of_a_service(host: str) -> None:
    assert service_at(host, 80) == AUTH


@pytest.mark.parametrize(
    "host",
    ["auth", "auth.sso", "auth.sso.svc.test", "a.auth.sso.svc", ".sso.svc", "-a.sso.svc", "",
     "a_b.sso.svc", f"{'a' * 64}.sso.svc", "10.0.0.1", "auth.sso.svc\n"],
)  # fmt: skip
def test_any_other_name(host: str) -> None:
    assert service_at(host, 80) is None


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://auth.sso.svc/verify?u=$request_uri", "80"),
        ("https://auth.sso.svc.cluster.local", "443"),
        ("http://auth.sso.svc.cluster.local:8080/a:9/b", "8080"),
        ("http://auth.sso.svc$request_uri", "80"),
        ("http://auth.sso.svc?x", "80"),
    ],
)
def test_urls_of_services(url: str, port: str) -> None:
    assert service_in(url) == Backend("sso", "auth", port)


@pytest.mark.parametrize(
    "url",
    ["http://$host/", "http://auth.sso.svc:$port/", "http://a@auth.sso.svc/", "auth.sso.svc",
     "http://auth.sso.svc.test/", "http://$service.sso.svc/", "ftp://auth.sso.svc/"],
)  # fmt: skip
def test_urls_of_others(url: str) -> None:
    assert service_in(url) is None
