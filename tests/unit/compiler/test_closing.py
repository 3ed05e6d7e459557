from __future__ import annotations

from ingressd.compiler.closing import closed_host
from ingressd.routing.model import Backend, Host, PathKind, Route
from ingressd.routing.policy import (
    ClientCertificates,
    Cors,
    ErrorPages,
    HostPolicy,
    Policy,
    Redirect,
)

BACKEND = Backend("default", "web", "80")


def route(path: str, **policy: object) -> Route:
    made = Policy(**policy)  # type: ignore[arg-type]
    return Route("a.test", path, PathKind.PREFIX, "default/web", "field", BACKEND, made)


def test_nothing_of_a_closed_host_is_answered_but_503() -> None:
    policy = HostPolicy(app_root="/app", client_certificates=ClientCertificates(""))
    closed = closed_host(
        Host("a.test", (route("/a"), route("/b", body_limit=7)), route("/"), True, policy)
    )
    assert closed.fallback is not None
    assert [each.backend for each in (*closed.routes, closed.fallback)] == [None] * 3
    assert closed.routes[1].policy.body_limit == 7
    assert (closed.policy.app_root, closed.policy.is_closed) == ("", True)


def test_nobody_else_answers_for_a_closed_route() -> None:
    elsewhere = {
        "redirect": Redirect("/x"),
        "cors": Cors(),
        "default_backend": "default/sorry:",
        "error_pages": ErrorPages((503,)),
    }
    closed = closed_host(Host("a.test", (route("/", **elsewhere),)))
    assert closed.routes[0].policy == Policy(is_closed=True)


def test_a_host_is_closed_only_where_no_certificate_could_be_good_enough() -> None:
    assert not HostPolicy().is_closed
    assert not HostPolicy(client_certificates=ClientCertificates("default/ca")).is_closed
