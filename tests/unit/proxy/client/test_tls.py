from __future__ import annotations

import logging
import ssl

import pytest
from msgspec import structs
from support.certificates import CertificateAuthority, KeyPair, subject_names
from support.tls_pods import material

from ingressd.proxy.client import openssl
from ingressd.proxy.client.client_certificates import AskingContext
from ingressd.proxy.client.listener import UnknownName
from ingressd.proxy.client.tls import CIPHERS, ContextStore, NoCertificateError, load_context
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import ClientTls, GlobalPolicy
from ingressd.routing.model import Certificate, Host
from ingressd.routing.policy import ClientCertificates, HostPolicy
from ingressd.routing.table import Table

AUTHORITY = CertificateAuthority()


def make_table(default: Certificate | None = None, **bindings: Certificate) -> Table:
    """A table that binds names, written with ``_`` for a dot, to certificates."""
    certificates = {c.fingerprint: c for c in (*bindings.values(), *([default] if default else []))}
    return Table.empty().apply(
        Delta(
            generation=1,
            reset=True,
            certificates=tuple(certificates.values()),
            bindings={name.replace("_", "."): c.fingerprint for name, c in bindings.items()},
            default_certificate=default.fingerprint if default else "",
        )
    )


class Session:
    """A handshake between a context of ours and a client, in memory."""

    def __init__(
        self,
        server: ssl.SSLContext,
        client: ssl.SSLContext,
        resume: ssl.SSLSession | None = None,
    ) -> None:
        inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(inward, outward, server_side=True)
        self.client = client.wrap_bio(outward, inward, session=resume)
        for side in (self.client, self.server, self.client, self.server, self.client):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


def careless_client(newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> ssl.SSLContext:
    """A client that takes any certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    return context


def names_served(context: ssl.SSLContext) -> tuple[str, ...]:
    sent = Session(context, careless_client()).client.getpeercert(binary_form=True)
    assert sent is not None
    return subject_names(sent)


def test_the_bound_certificate_is_served_else_the_default() -> None:
    default = AUTHORITY.leaf("fallback.test").as_certificate()
    table = make_table(default, a_test=AUTHORITY.leaf("a.test").as_certificate())
    store = ContextStore()
    assert names_served(store.context_for("a.test", table)) == ("a.test",)
    assert names_served(store.context_for("b.test", table)) == ("fallback.test",)
    assert names_served(store.context_for(None, table)) == ("fallback.test",)


def test_one_context_for_each_certificate() -> None:
    shared = AUTHORITY.leaf("a.test", "b.test").as_certificate()
    table = make_table(a_test=shared, b_test=shared)
    store = ContextStore()
    assert store.context_for("a.test", table) is store.context_for("b.test", table)


def test_the_least_recently_used_context_is_dropped() -> None:
    names = ("a", "b", "c")
    table = make_table(**{name: AUTHORITY.leaf(name).as_certificate() for name in names})
    store = ContextStore(capacity=2)
    first, second = (store.context_for(name, table) for name in ("a", "b"))
    assert store.context_for("a", table) is first
    store.context_for("c", table)
    assert len(store) == 2
    assert store.context_for("a", table) is first
    assert store.context_for("b", table) is not second


def test_certificates_that_left_are_forgotten() -> None:
    old = AUTHORITY.leaf("a.test").as_certificate()
    store = ContextStore()
    store.context_for("a.test", make_table(a_test=old))
    renewed = make_table(a_test=AUTHORITY.leaf("a.test").as_certificate())
    store.context_for("a.test", renewed)
    store.retain(renewed.certificates)
    assert len(store) == 1


@pytest.mark.parametrize(
    "broken",
    [
        AUTHORITY.leaf("a.test", password=b"secret"),
        KeyPair(
            AUTHORITY.leaf("a.test").chain, AUTHORITY.leaf("a.test").private_key, ("a.test",), 0.0
        ),
        KeyPair(b"no certificate", b"no key", ("a.test",), 0.0),
        KeyPair(b"", b"", ("a.test",), 0.0),
    ],
    ids=["encrypted key", "key of another certificate", "no PEM", "empty"],
)
def test_a_certificate_that_does_not_load_gives_way_to_the_default(
    broken: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    default = AUTHORITY.leaf("fallback.test").as_certificate()
    table = make_table(default, a_test=broken.as_certificate("shop/a-tls"))
    store = ContextStore()
    with caplog.at_level(logging.ERROR):
        assert names_served(store.context_for("a.test", table)) == ("fallback.test",)
        store.context_for("a.test", table)
    assert len(caplog.records) == 1
    assert "shop/a-tls" in caplog.text
    assert "PRIVATE KEY" not in caplog.text


def test_a_table_without_certificates_has_no_context() -> None:
    with pytest.raises(NoCertificateError):
        ContextStore().context_for("a.test", Table.empty())


def test_an_expired_certificate_is_still_served() -> None:
    context = load_context(AUTHORITY.leaf("a.test", expired=True).as_certificate())
    assert names_served(context) == ("a.test",)


def test_only_modern_tls_is_spoken() -> None:
    context = load_context(AUTHORITY.leaf("a.test").as_certificate())
    suites = {suite["name"] for suite in context.get_ciphers() if suite["protocol"] == "TLSv1.2"}
    assert all(name.startswith("ECDHE-") for name in suites)
    assert all("GCM" in name or "POLY1305" in name for name in suites)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert Session(context, careless_client()).client.version() == "TLSv1.3"
    assert Session(context, careless_client(ssl.TLSVersion.TLSv1_2)).client.version() == "TLSv1.2"


def test_http_1_1_is_the_only_protocol_offered() -> None:
    context = load_context(AUTHORITY.leaf("a.test").as_certificate())
    client = careless_client()
    client.set_alpn_protocols(["h2", "http/1.1"])
    assert Session(context, client).client.selected_alpn_protocol() == "http/1.1"


def resumes(context: ssl.SSLContext, newest: ssl.TLSVersion) -> bool:
    """Whether a client that comes again with its ticket is known."""
    client = careless_client(newest)
    first = Session(context, client)
    first.server.write(b"x")
    first.client.read(1)  # TLS 1.3 brings its tickets with the first bytes
    session = first.client.session
    again = Session(context, client, session)
    return session is not None and session.has_ticket and bool(again.client.session_reused)


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sessions_resume_where_a_certificate_serves_one_host(newest: ssl.TLSVersion) -> None:
    single, shared, wildcard, default = (AUTHORITY.leaf("x").as_certificate() for _ in range(4))
    table = make_table(default, a_test=single, b_test=shared, c_test=shared, d_test=default)
    bound = table.apply(
        Delta(generation=2, certificates=(wildcard,), bindings={"*.w": wildcard.fingerprint})
    )
    store = ContextStore()
    hosts = ("a.test", "b.test", "d.test", "x.w", "unknown.test")
    known = [resumes(store.context_for(host, bound), newest) for host in hosts]
    assert known == [True, False, False, False, False]


def test_a_certificate_that_serves_a_second_host_resumes_no_more() -> None:
    certificate = AUTHORITY.leaf("x").as_certificate()
    store = ContextStore()
    alone = store.context_for("a.test", make_table(a_test=certificate))
    table = make_table(a_test=certificate, b_test=certificate)
    assert store.context_for("a.test", table) is not alone
    assert store.context_for("a.test", table) is store.context_for("b.test", table)


def test_the_key_of_tickets_is_changed_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(a_test=AUTHORITY.leaf("a.test").as_certificate())
    store = ContextStore()
    first = store.context_for("a.test", table)
    assert store.context_for("a.test", table) is first
    monkeypatch.setattr("ingressd.proxy.client.tls.TICKET_KEY_LIFETIME", -1.0)
    assert store.context_for("a.test", table) is not first


def test_no_tickets_are_given_out_by_default() -> None:
    context = load_context(AUTHORITY.leaf("a.test").as_certificate())
    for newest in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        session = Session(context, careless_client(newest)).client.session
        assert session is None or not session.has_ticket


def test_a_session_resumes_with_no_other_certificate() -> None:
    first, renewed = (load_context(AUTHORITY.leaf("a.test").as_certificate()) for _ in range(2))
    client = careless_client(ssl.TLSVersion.TLSv1_2)
    session = Session(first, client).client.session
    assert not Session(renewed, client, session).client.session_reused


def test_sessions_of_tls_1_2_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingressd.proxy.client.tls.MAX_SESSIONS", 2)
    shared = AUTHORITY.leaf("a.test", "b.test").as_certificate()
    table = make_table(a_test=shared, b_test=shared)
    store = ContextStore()
    first = store.context_for("a.test", table)
    kept = []  # OpenSSL forgets the session of a connection that was not shut down properly
    for _ in range(3):
        assert store.context_for("a.test", table) is first
        kept.append(Session(first, careless_client(ssl.TLSVersion.TLSv1_2)))
    assert store.context_for("a.test", table) is not first


SHARED = AUTHORITY.leaf("a.test", "b.test", "c.test").as_certificate()


def with_hosts(policy: GlobalPolicy | None = None, **policies: HostPolicy) -> Table:
    """Hosts with one certificate and policies of their own; a Secret that vouches for clients."""
    names = {name: name.replace("_", ".") for name in policies}
    hosts = {names[name]: Host(names[name], policy=each) for name, each in policies.items()}
    made = make_table(SHARED, **dict.fromkeys(policies, SHARED))
    secrets = {"default/pods": material(AUTHORITY)}
    made = structs.replace(made, hosts=hosts, secrets=secrets)
    return structs.replace(made, global_policy=policy) if policy is not None else made


DEMANDING = HostPolicy(client_certificates=ClientCertificates("default/pods"))


def test_who_asks_for_certificates_shares_no_context() -> None:
    table = with_hosts(a_test=DEMANDING, b_test=DEMANDING, c_test=HostPolicy())
    store = ContextStore()
    contexts = [store.context_for(f"{name}.test", table) for name in "abc"]
    assert len(set(contexts)) == 3
    modes = [context.verify_mode for context in contexts]
    assert modes == [ssl.CERT_OPTIONAL, ssl.CERT_OPTIONAL, ssl.CERT_NONE]
    assert [store.context_for(f"{name}.test", table) for name in "abc"] == contexts


def test_hosts_that_ask_for_nothing_share_one() -> None:
    table = with_hosts(a_test=HostPolicy(), b_test=HostPolicy(app_root="/x"))
    store = ContextStore()
    assert store.context_for("a.test", table) is store.context_for("b.test", table)


def test_another_version_of_the_secret_is_another_context() -> None:
    table = with_hosts(a_test=DEMANDING)
    store = ContextStore()
    before = store.context_for("a.test", table)
    changed = structs.replace(table.secrets["default/pods"], version="2")
    renewed = structs.replace(table, secrets={"default/pods": changed})
    assert store.context_for("a.test", renewed) is not before


def test_a_demand_shows_no_version_of_a_secret() -> None:
    context = ContextStore().context_for("a.test", with_hosts(a_test=DEMANDING))
    assert isinstance(context, AskingContext)
    assert repr(context.demand) == "Demand('a.test', 'default/pods')"


def test_where_nothing_can_be_checked_the_context_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def hidden(*_: object) -> None:
        raise openssl.HiddenOpenSslError("this Python hides its OpenSSL")

    monkeypatch.setattr(openssl, "forgive", hidden)
    context = ContextStore().context_for("a.test", with_hosts(a_test=DEMANDING))
    assert isinstance(context, AskingContext)
    assert not context.is_able
    assert "this Python hides its OpenSSL" in caplog.text


def names_of_ciphers(context: ssl.SSLContext) -> list[str]:
    return [each["name"] for each in context.get_ciphers() if not each["name"].startswith("TLS_")]


def test_ciphers_are_those_of_the_host_or_of_all_or_ours() -> None:
    of_all, of_host = "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"
    policies = {"a_test": HostPolicy(ciphers=of_host), "b_test": HostPolicy()}
    table = with_hosts(GlobalPolicy(client_tls=ClientTls(ciphers=of_all)), **policies)
    store = ContextStore()
    assert names_of_ciphers(store.context_for("a.test", table)) == [of_host]
    assert names_of_ciphers(store.context_for("b.test", table)) == [of_all]
    ours = store.context_for("b.test", with_hosts(**policies))
    assert names_of_ciphers(ours) == CIPHERS.split(":")


def test_ciphers_that_there_are_not_leave_ours(caplog: pytest.LogCaptureFixture) -> None:
    table = with_hosts(a_test=HostPolicy(ciphers="ROT13"))
    assert names_of_ciphers(ContextStore().context_for("a.test", table)) == CIPHERS.split(":")
    assert "ROT13" in caplog.text


def test_unknown_names_may_be_refused() -> None:
    policy = GlobalPolicy(client_tls=ClientTls(rejects_unknown=True))
    table = with_hosts(policy, a_test=HostPolicy())
    everything = structs.replace(table, hosts={**table.hosts, "": Host("")})
    for each in (table, everything):
        assert ContextStore().context_for("a.test", each)
        for name in ("b.test", None):
            with pytest.raises(UnknownName):
                ContextStore().context_for(name, each)
