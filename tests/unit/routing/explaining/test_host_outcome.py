from __future__ import annotations

import pytest
from msgspec import structs
from support.routes import host, table, upstream

from ingressd.routing.explaining.explain import explain
from ingressd.routing.explaining.outcome import Action, Outcome, Query
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient
from ingressd.routing.table import Table
from ingressd.routing.unmatched import nowhere

NAME = "a.example.com"
SECRET = SecretMaterial("default/clients", "1", {})
WANTED = ClientCertificates("default/clients")
HTTPS = Query(host=NAME, path="/foo", scheme="https")
PLAIN = Query(host=NAME, path="/foo")


def made(policy: HostPolicy, *paths: str, endpoints: bool = True) -> Table:
    """A host with a policy, and one without."""
    target = structs.replace(upstream(), **({} if endpoints else {"endpoints": ()}))
    own = structs.replace(host(*(paths or ("Prefix /",))), policy=policy)
    other = structs.replace(host("Prefix /"), name="b.example.com")
    whole = table(own, other, upstreams=(target,))
    return structs.replace(whole, secrets={SECRET.key: SECRET})


def demanding(wanted: ClientCertificates = WANTED) -> Table:
    return made(HostPolicy(client_certificates=wanted))


def outcome(among: Table, query: Query = HTTPS) -> Outcome:
    return explain(among, query).outcome


def test_the_certificate_decides() -> None:
    found = outcome(demanding())
    assert found.action is Action.FORWARD
    assert "a certificate that Secret default/clients accepts" in found.reason


@pytest.mark.parametrize("verify", [VerifyClient.OFF, VerifyClient.OPTIONAL])
def test_one_that_is_optional_does_not(verify: VerifyClient) -> None:
    among = demanding(structs.replace(WANTED, verify=verify))
    for query in (HTTPS, PLAIN):
        assert "certificate" not in outcome(among, query).reason


@pytest.mark.parametrize("secret", ["", "default/gone"])
@pytest.mark.parametrize("query", [HTTPS, PLAIN])
def test_without_a_secret_nobody_may_pass(secret: str, query: Query) -> None:
    found = outcome(demanding(ClientCertificates(secret)), query)
    assert (found.action, found.status) == (Action.REFUSE, 403)


def test_plain_requests_are_refused_but_challenges() -> None:
    assert outcome(demanding(), PLAIN).status == 400
    path = "/.well-known/acme-challenge/x"
    among = made(HostPolicy(client_certificates=WANTED), f"Exact {path}", "Prefix /")
    assert outcome(among, structs.replace(PLAIN, path=path)).action is Action.FORWARD
    assert outcome(among, structs.replace(PLAIN, path=f"{path}/y")).status == 400


def test_the_connection_of_another_host_is_misdirected() -> None:
    query = structs.replace(HTTPS, server_name="b.example.com")
    assert outcome(demanding(), query).status == 421
    assert outcome(made(HostPolicy()), query).action is Action.FORWARD


@pytest.mark.parametrize("server_name", ["", "nobody.example.com"])
@pytest.mark.parametrize(
    ("fields", "action", "status"),
    [
        ({}, Action.REFUSE, 400),
        ({"error_page": "https://help.test/"}, Action.REDIRECT, 302),
        ({"verify": VerifyClient.OPTIONAL}, Action.FORWARD, 0),
        ({"verify": VerifyClient.OPTIONAL_NO_CA, "match_cn": "CN=jane"}, Action.REFUSE, 403),
    ],
)
def test_who_names_no_host_of_ours_shows_no_certificate(
    server_name: str, fields: dict[str, object], action: Action, status: int
) -> None:
    among = demanding(structs.replace(WANTED, **fields))
    without_name = structs.replace(HTTPS, server_name=server_name)
    for query in (without_name, PLAIN):
        found = outcome(among, query)
        assert (found.action, found.status) == (action, status)
        assert found.location == fields.get("error_page", "")


def test_tls_that_is_passed_through() -> None:
    passing = made(HostPolicy(passthrough=True))
    found = outcome(passing)
    assert "as it comes" in found.reason
    assert found.upstream == passing.upstreams["default/web:80"]
    assert "as it comes" not in outcome(passing, PLAIN).reason
    query = structs.replace(HTTPS, server_name="b.example.com")
    assert "as it comes" not in outcome(passing, query).reason


@pytest.mark.parametrize(
    "among",
    [
        made(HostPolicy(passthrough=True), "Prefix /deep"),
        made(HostPolicy(passthrough=True), endpoints=False),
    ],
)
def test_without_a_pod_of_the_root_the_connection_is_closed(among: Table) -> None:
    found = outcome(among)
    assert found.action is Action.UNAVAILABLE
    assert "the connection is closed" in found.reason


def test_who_asks_for_certificates_passes_nothing_through() -> None:
    found = outcome(made(HostPolicy(passthrough=True, client_certificates=WANTED)))
    assert "as it comes" not in found.reason


def test_what_no_route_takes_stays_so() -> None:
    among = made(HostPolicy(client_certificates=WANTED), "Prefix /deep")
    assert outcome(among).status == 404


def test_what_no_rule_takes_asks_for_a_certificate_too() -> None:
    among = demanding()
    own = among.hosts[NAME]
    nothing = nowhere(NAME, among.global_policy)
    guarded = structs.replace(own, routes=(), fallback=nothing)
    among = structs.replace(among, hosts={NAME: guarded})
    assert outcome(among, PLAIN).status == 400
    found = outcome(among)
    assert found.action is Action.NOT_FOUND
    assert "a certificate that Secret default/clients accepts" in found.reason
