"""TLS contexts of a worker, each made when a client first asks for its certificate."""

from __future__ import annotations

import logging
import ssl
import time
from collections import OrderedDict
from collections.abc import Container
from typing import NamedTuple

from ingressd.proxy.client.client_certificates import AskingContext, Demand, demand_of
from ingressd.proxy.client.listener import UnknownName
from ingressd.proxy.client.openssl import HiddenOpenSslError
from ingressd.proxy.memory_file import memory_file
from ingressd.routing.model import CATCH_ALL, Certificate, Host
from ingressd.routing.policy import DEFAULT_HOST_POLICY
from ingressd.routing.table import Table

_LOG = logging.getLogger(__name__)

MAX_CONTEXTS = 2048
"""About 18 KiB each, so that all of them stay below 40 MiB."""

CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
)
"""TLS 1.2 suites of Mozilla's "intermediate" profile, without DHE. TLS 1.3 brings its own."""

_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}

ALPN_PROTOCOLS = ("http/1.1",)

MAX_SESSIONS = 1024
"""OpenSSL keeps sessions of TLS 1.2 by id for five minutes, and Python cannot tell it not to."""


TICKET_KEY_LIFETIME = 24 * 3600.0
"""Seconds for which one key makes tickets: whoever gets hold of it reads what TLS 1.2 has sent."""


class NoCertificateError(Exception):
    """The table has no certificate that loads, not even a default one."""


class HostTls(NamedTuple):
    """How TLS is spoken with the clients of a host. ``ciphers`` are those of TLS 1.2, of which the
    client's first counts unless the server ``orders_ciphers``."""

    versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    ciphers: str = CIPHERS
    orders_ciphers: bool = False
    demand: Demand | None = None


DEFAULT_HOST_TLS = HostTls()


class ContextKey(NamedTuple):
    """All that a context is made of: two connections with equal keys may share one."""

    fingerprint: str
    resumes: bool
    host_tls: HostTls


class _Loaded(NamedTuple):
    context: ssl.SSLContext
    made_at: float


class ContextStore:
    """Owner of the worker's ``SSLContext`` objects, the least recently used dropped first.

    A context that failed to load is remembered as None: it costs, and is logged, once. Sessions
    resume where a certificate serves one host only: none can cross from one host to another.
    """

    def __init__(self, capacity: int = MAX_CONTEXTS) -> None:
        self._capacity = capacity
        self._contexts: OrderedDict[ContextKey, _Loaded | None] = OrderedDict()
        self._resuming = _Resuming()

    def __len__(self) -> int:
        return len(self._contexts)

    def context_for(self, server_name: str | None, table: Table) -> ssl.SSLContext:
        """The context for a normalised SNI name, or for none.

        A certificate that does not load is replaced by the default one. Raises NoCertificateError,
        and UnknownName where only hosts of an Ingress are served.
        """
        host = table.find_host(server_name or CATCH_ALL)
        is_known = host is not None and host.name != CATCH_ALL
        if table.global_policy.client_tls.rejects_unknown and not is_known:
            raise UnknownName(f"no Ingress has {server_name!r}")
        host_tls = host_tls_of(host, table)
        for certificate in (table.certificate_for(server_name), table.certificate_for(None)):
            loaded = self._load(certificate, host_tls, table) if certificate else None
            if loaded is not None:
                return loaded.context
        raise NoCertificateError(f"no certificate for {server_name!r}")

    def retain(self, fingerprints: Container[str]) -> None:
        """Forget the contexts of all other certificates. Connections that use them live on."""
        for key in [key for key in self._contexts if key.fingerprint not in fingerprints]:
            del self._contexts[key]

    def _load(self, certificate: Certificate, host_tls: HostTls, table: Table) -> _Loaded | None:
        resumes = host_tls.demand is None and self._resuming.may_resume(certificate, table)
        key = ContextKey(certificate.fingerprint, resumes, host_tls)
        if key not in self._contexts or _is_worn_out(self._contexts[key], key):
            self._contexts[key] = _load_or_log(certificate, key, table)
        self._contexts.move_to_end(key)
        if len(self._contexts) > self._capacity:
            self._contexts.popitem(last=False)
        return self._contexts[key]


class _Resuming:
    """Which certificates may resume sessions; worked out again when the bindings change."""

    def __init__(self) -> None:
        self._bindings: dict[str, str] | None = None
        self._default = ""
        self._fingerprints: frozenset[str] = frozenset()

    def may_resume(self, certificate: Certificate, table: Table) -> bool:
        if table.bindings is not self._bindings or table.default_certificate != self._default:
            self._bindings = table.bindings
            self._default = table.default_certificate
            self._fingerprints = table.single_host_certificates()
        return certificate.fingerprint in self._fingerprints


def host_tls_of(host: Host | None, table: Table) -> HostTls:
    """What the table says of TLS with the clients of a host."""
    policy = host.policy if host is not None else DEFAULT_HOST_POLICY
    usual = table.global_policy.client_tls
    return HostTls(
        usual.versions,
        policy.ciphers or usual.ciphers or CIPHERS,
        policy.orders_ciphers,
        demand_of(host, table),
    )


def _is_worn_out(loaded: _Loaded | None, key: ContextKey) -> bool:
    """Whether a fresh context should take over.

    So that a flood of clients fills no memory, and that no ticket key is used for too long.
    """
    if loaded is None:
        return False
    if key.resumes and time.monotonic() - loaded.made_at > TICKET_KEY_LIFETIME:
        return True
    return loaded.context.session_stats()["number"] > MAX_SESSIONS


def _load_or_log(certificate: Certificate, key: ContextKey, table: Table) -> _Loaded | None:
    try:
        context = load_context(certificate, key.host_tls, resumes=key.resumes)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        _LOG.error("%r does not load, the default is served instead: %s", certificate, error)
        return None
    if key.host_tls.demand is not None:
        _ask(context, key.host_tls.demand, table)
    return _Loaded(context, time.monotonic())


def _ask(context: AskingContext, demand: Demand, table: Table) -> None:
    """Where that is impossible, the context stays unable, and the host answers 403."""
    try:
        context.ask(demand, table.secrets[demand.secret])
    except (OSError, ValueError, HiddenOpenSslError) as error:
        _LOG.error("certificates of clients cannot be checked, 403 is answered: %s", error)


def load_context(
    certificate: Certificate, host_tls: HostTls = DEFAULT_HOST_TLS, *, resumes: bool = False
) -> AskingContext:
    """A server's context with one certificate; about 2 ms. Raises ssl.SSLError and ValueError.

    ``resumes`` lets clients come back with tickets (RFC 8446 section 2.2, RFC 5077). Their key is
    this context's own: another worker, or another certificate, shakes hands in full.
    """
    context = AskingContext(ssl.PROTOCOL_TLS_SERVER)
    versions = [_VERSIONS[version] for version in host_tls.versions]
    context.minimum_version, context.maximum_version = min(versions), max(versions)
    _set_ciphers(context, host_tls)
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # Without tickets, TLS 1.2 still resumes by session id. That too stays within one context, thus
    # within one certificate and one set of settings.
    context.num_tickets = 1 if resumes else 0
    if not resumes:
        context.options |= ssl.OP_NO_TICKET
    with memory_file(certificate.chain) as chain, memory_file(certificate.private_key) as key:
        # An encrypted key fails on the empty password; without one OpenSSL asks on the terminal.
        context.load_cert_chain(chain, key, password=lambda: "")
    return context


def _set_ciphers(context: ssl.SSLContext, host_tls: HostTls) -> None:
    try:
        context.set_ciphers(host_tls.ciphers)
    except ssl.SSLError:
        _LOG.error("there is no cipher among %r, the usual ones are used", host_tls.ciphers)
        context.set_ciphers(CIPHERS)
    if host_tls.orders_ciphers:
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    else:
        # All suites are good: a phone without AES hardware knows best which is cheap (as Mozilla
        # says).
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
