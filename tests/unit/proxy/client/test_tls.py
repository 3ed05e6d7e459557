from __future__ import annotations

import logging
import ssl

import pytest
from support.certificates import CertificateAuthority, KeyPair, subject_names

from ingressd.proxy.client.tls import ContextStore, NoCertificateError, load_context
from ingressd.routing.delta import Delta
from ingressd.routing.model import Certificate
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
