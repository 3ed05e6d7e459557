from __future__ import annotations

import pytest
from msgspec import structs
from support.routes import host, table

from ingressd.routing.model import PathKind, Route
from ingressd.routing.passthrough import NOWHERE, upstream_behind
from ingressd.routing.policy import ClientCertificates, HostPolicy
from ingressd.routing.table import Table

WEB = "default/web:80"


def passing(*paths: str, name: str = "a.test", **policy: object) -> Table:
    policy_ = HostPolicy(passthrough=True, **policy)  # type: ignore[arg-type]
    return table(structs.replace(host(*paths, name=name), policy=policy_))


@pytest.mark.parametrize(
    ("paths", "upstream"),
    [
        (("Prefix /",), WEB),
        (("Prefix /deep", "Exact /"), WEB),
        (("Prefix /deep", "default"), "default/fallback:80"),
        (("Prefix /deep",), NOWHERE),
        ((), NOWHERE),
    ],
)
def test_the_service_of_the_root_gets_it(paths: tuple[str, ...], upstream: str) -> None:
    assert upstream_behind("a.test", passing(*paths)) == upstream


def test_a_redirect_of_the_root_is_no_service() -> None:
    made = passing("Prefix /")
    redirect = Route("a.test", "/", PathKind.EXACT, "default/web", "metadata")
    changed = structs.replace(made.hosts["a.test"], routes=(redirect, *made.hosts["a.test"].routes))
    assert upstream_behind("a.test", structs.replace(made, hosts={"a.test": changed})) == WEB


@pytest.mark.parametrize(
    ("server_name", "among"),
    [
        (None, passing("Prefix /")),
        (None, passing("Prefix /", name="")),
        ("b.test", passing("Prefix /")),
        ("a.test", table(host("Prefix /", name="a.test"))),
        ("a.test", passing("Prefix /", client_certificates=ClientCertificates("default/ca"))),
        ("a.test", passing("Prefix /", client_certificates=ClientCertificates(""))),
    ],
)
def test_all_else_ends_here(server_name: str | None, among: Table) -> None:
    assert upstream_behind(server_name, among) is None


def test_a_wildcard_passes_its_names() -> None:
    assert upstream_behind("x.a.test", passing("Prefix /", name="*.a.test")) == WEB
