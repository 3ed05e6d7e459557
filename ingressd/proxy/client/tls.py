"""TLS contexts of a worker, each made when a client first asks for its certificate."""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections import OrderedDict
from collections.abc import Container, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ingressd.routing.model import Certificate
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

ALPN_PROTOCOLS = ("http/1.1",)

MAX_SESSIONS = 1024
"""OpenSSL keeps sessions of TLS 1.2 by id for five minutes, and Python cannot tell it not to."""


TICKET_KEY_LIFETIME = 24 * 3600.0
"""Seconds for which one key makes tickets: whoever gets hold of it reads what TLS 1.2 has sent."""


class NoCertificateError(Exception):
    """The table has no certificate that loads, not even a default one."""


class ContextKey(NamedTuple):
    """All that a context is made of: two connections with equal keys may share one."""

    fingerprint: str
    resumes: bool


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

        A certificate that does not load is replaced by the default one. Raises NoCertificateError.
        """
        for certificate in (table.certificate_for(server_name), table.certificate_for(None)):
            loaded = self._load(certificate, table) if certificate else None
            if loaded is not None:
                return loaded.context
        raise NoCertificateError(f"no certificate for {server_name!r}")

    def retain(self, fingerprints: Container[str]) -> None:
        """Forget the contexts of all other certificates. Connections that use them live on."""
        for key in [key for key in self._contexts if key.fingerprint not in fingerprints]:
            del self._contexts[key]

    def _load(self, certificate: Certificate, table: Table) -> _Loaded | None:
        resumes = certificate.fingerprint in self._resuming.fingerprints(table)
        key = ContextKey(certificate.fingerprint, resumes)
        if key not in self._contexts or _is_worn_out(self._contexts[key], key):
            self._contexts[key] = _load_or_log(certificate, resumes=resumes)
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

    def fingerprints(self, table: Table) -> frozenset[str]:
        if table.bindings is not self._bindings or table.default_certificate != self._default:
            self._bindings = table.bindings
            self._default = table.default_certificate
            self._fingerprints = table.single_host_certificates()
        return self._fingerprints


def _is_worn_out(loaded: _Loaded | None, key: ContextKey) -> bool:
    """Whether a fresh context should take over.

    So that a flood of clients fills no memory, and that no ticket key is used for too long.
    """
    if loaded is None:
        return False
    if key.resumes and time.monotonic() - loaded.made_at > TICKET_KEY_LIFETIME:
        return True
    return loaded.context.session_stats()["number"] > MAX_SESSIONS


def _load_or_log(certificate: Certificate, *, resumes: bool) -> _Loaded | None:
    try:
        return _Loaded(load_context(certificate, resumes=resumes), time.monotonic())
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        _LOG.error("%r does not load, the default is served instead: %s", certificate, error)
        return None


def load_context(certificate: Certificate, *, resumes: bool = False) -> ssl.SSLContext:
    """A server's context with one certificate; about 2 ms. Raises ssl.SSLError and ValueError.

    ``resumes`` lets clients come back with tickets (RFC 8446 section 2.2, RFC 5077). Their key is
    this context's own: another worker, or another certificate, shakes hands in full.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(ALPN_PROTOCOLS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # All suites are good: a phone without AES hardware knows best which is cheap (as Mozilla says).
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    # Without tickets, TLS 1.2 still resumes by session id. That too stays within one context, thus
    # within one certificate and one set of settings.
    context.num_tickets = 1 if resumes else 0
    if not resumes:
        context.options |= ssl.OP_NO_TICKET
    with _memory_file(certificate.chain) as chain, _memory_file(certificate.private_key) as key:
        # An encrypted key fails on the empty password; without one OpenSSL asks on the terminal.
        context.load_cert_chain(chain, key, password=lambda: "")
    return context


@contextmanager
def _memory_file(content: bytes) -> Iterator[str]:
    """A path under which OpenSSL reads ``content``: nothing touches a disk."""
    descriptor = os.memfd_create("pem")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
