"""Which Services are asked, and at which field that is said."""

from __future__ import annotations

from support.objects import PREFIX

from ingressd.compiler.ingresses.asked_services import asked_services
from ingressd.routing.model import Backend
from ingressd.routing.policy import ExternalAuth, Mirror, Policy


def test_those_of_auth_url_and_mirror_target() -> None:
    policy = Policy(
        external_auth=ExternalAuth("http://auth.sso.svc:4180/x"),
        mirror=Mirror("https://copies.ops.svc.cluster.local$request_uri"),
    )
    auth, mirror = asked_services(policy, PREFIX)
    assert auth.field == f"metadata.annotations[{PREFIX}/auth-url]"
    assert auth.backend == Backend("sso", "auth", "4180")
    assert "500" in auth.otherwise
    assert mirror.field == f"metadata.annotations[{PREFIX}/mirror-target]"
    assert mirror.backend == Backend("ops", "copies", "443")
    assert "copies of requests are lost" in mirror.otherwise


def test_nothing_else() -> None:
    assert not list(asked_services(Policy(), PREFIX))
    elsewhere = Policy(external_auth=ExternalAuth("https://auth.example.com/"))
    assert not list(asked_services(elsewhere, PREFIX))
