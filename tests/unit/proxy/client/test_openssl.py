from __future__ import annotations

import _ssl
import ssl
from collections.abc import Iterator

import pytest
from support.certificates import CertificateAuthority, KeyPair
from support.handshakes import shake_hands

from ingressd.proxy.client import openssl
from ingressd.proxy.client.openssl import (
    VERIFIED,
    HiddenOpenSslError,
    forgive,
    names_in,
    result_of,
    result_text,
)
from ingressd.proxy.memory_file import memory_file

AUTHORITY = CertificateAuthority()
SERVER = AUTHORITY.leaf("a.test")


def asking(depth: int = 1) -> ssl.SSLContext:
    """A server that trusts the authority, and forgives."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with memory_file(SERVER.chain) as chain, memory_file(SERVER.private_key) as key:
        context.load_cert_chain(chain, key)
    context.verify_mode = ssl.CERT_OPTIONAL
    with memory_file(AUTHORITY.pem) as authorities:
        context.load_verify_locations(authorities)
        forgive(context, authorities, depth)
    return context


@pytest.mark.parametrize(
    ("showing", "text"),
    [
        (None, "ok"),
        (AUTHORITY.leaf("jane"), "ok"),
        (AUTHORITY.leaf("old", expired=True), "certificate has expired"),
        (CertificateAuthority("X").leaf("mallory"), "unable to verify the first certificate"),
    ],
)
def test_any_certificate_is_forgiven_and_told_of(showing: KeyPair | None, text: str) -> None:
    context = asking()
    for _ in range(2):  # one connection leaves nothing behind for the next
        client = AUTHORITY.client_context(showing)
        result = result_of(shake_hands(context, client, "a.test"))
        assert (result == VERIFIED) == (text == "ok")
        assert result_text(result) == text


def test_names_are_written_as_rfc_2253_has_them() -> None:
    leaf = CertificateAuthority("An authority, of sorts").leaf("#jane <j>")
    der = ssl.PEM_cert_to_DER_cert(leaf.chain.decode())
    assert names_in(der) == (r"CN=\#jane \<j\>", r"CN=An authority\, of sorts")


def test_what_is_no_certificate_has_no_names() -> None:
    with pytest.raises(ValueError, match="not a certificate"):
        names_in(b"nonsense")


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As in a Python with OpenSSL linked into itself."""
    openssl._library.cache_clear()
    monkeypatch.delattr(_ssl, "__file__")
    yield
    openssl._library.cache_clear()


@pytest.mark.usefixtures("hidden")
def test_where_python_hides_its_library_nothing_is_forgiven() -> None:
    with pytest.raises(HiddenOpenSslError):
        asking()


def test_a_structure_that_is_not_as_expected_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    address = openssl._pointer(other, 0)
    monkeypatch.setattr(openssl, "_pointer", lambda owner, position: address)
    with pytest.raises(HiddenOpenSslError, match="elsewhere"):
        asking()
