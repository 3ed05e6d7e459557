"""A TLS Secret, compiled into a certificate of the routing model.

Messages never quote a Secret, nor what a parser says about it: either might hold key bytes.
"""

from __future__ import annotations

import hashlib
from typing import cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import NameOID
from msgspec import Struct, structs

from ingressd.compiler.codes import Code, problem
from ingressd.resources.secret import (
    TLS_CERTIFICATE_KEY,
    TLS_PRIVATE_KEY_KEY,
    TLS_SECRET_TYPE,
    Secret,
)
from ingressd.resources.shape import Problem
from ingressd.routing.hosts import wildcard_of
from ingressd.routing.model import Certificate

_MIN_RSA_BITS = 2048  # OpenSSL's security level 2, below which a TLS context refuses the key
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})  # those of RFC 8446 section 4.2.3
_OTHER_KEYS = (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)


class CompiledCertificate(Struct, frozen=True):
    """``certificate`` is None where the Secret has, and had, none that can be served.
    ``not_before`` is seconds since the epoch."""

    certificate: Certificate | None = None
    not_before: float = 0.0
    problems: tuple[Problem, ...] = ()


class _Unusable(Exception):
    """Why a Secret holds no certificate that can be served."""


def compile_certificate(
    secret: Secret, earlier: CompiledCertificate | None = None
) -> CompiledCertificate:
    """Parse and check a Secret of type kubernetes.io/tls; nothing is raised.

    Where it holds no certificate that can be served, what ``earlier`` came of it stays.
    """
    problems = () if secret.type == TLS_SECRET_TYPE else (_unexpected_type(secret),)
    try:
        chain = _value(secret, TLS_CERTIFICATE_KEY)
        private_key = _value(secret, TLS_PRIVATE_KEY_KEY)
        leaf, *issuers = _certificates(chain)
        _check_key(leaf, private_key)
        _check_issuers(issuers)
        names = _names(leaf)
    except _Unusable as unusable:
        kept = earlier or CompiledCertificate()
        invalid = _invalid(secret, str(unusable), is_kept=kept.certificate is not None)
        return structs.replace(kept, problems=(invalid, *problems))
    certificate = Certificate(
        fingerprint=fingerprint(chain, private_key),
        chain=chain,
        private_key=private_key,
        names=names,
        not_after=leaf.not_valid_after_utc.timestamp(),
        secret=secret.key.qualified_name,
    )
    return CompiledCertificate(certificate, leaf.not_valid_before_utc.timestamp(), problems)


def fingerprint(chain: bytes, private_key: bytes) -> str:
    """SHA-256 of chain and key, hex: it changes when either does."""
    return hashlib.sha256(chain + b"\n" + private_key).hexdigest()


def validity_problem(compiled: CompiledCertificate, now: float) -> Problem | None:
    """What is wrong with the dates at ``now``. Such a certificate is served all the same: a client
    that checks refuses it either way, and one that does not is spared an outage."""
    certificate = compiled.certificate
    if certificate is None:
        return None
    if now > certificate.not_after:
        return problem(
            Code.CERTIFICATE_EXPIRED,
            "",
            f"the certificate in Secret {certificate.secret} has expired; "
            "it is served all the same",
            "renew it",
        )
    if now < compiled.not_before:
        return problem(
            Code.CERTIFICATE_NOT_YET_VALID,
            "",
            f"the certificate in Secret {certificate.secret} is not valid yet; "
            "it is served all the same",
            "wait, or correct the clock",
        )
    return None


def covers(certificate: Certificate, host: str) -> bool:
    """Whether a name of the certificate is the host, or a wildcard over it (RFC 6125)."""
    return host in certificate.names or wildcard_of(host) in certificate.names


def _value(secret: Secret, key: str) -> bytes:
    value = secret.value(key)
    if not value:
        raise _Unusable(f"it has no {key}")
    return value


def _certificates(chain: bytes) -> list[x509.Certificate]:
    """At least one; the first is the server's (RFC 8446 section 4.4.2)."""
    try:
        return x509.load_pem_x509_certificates(chain)
    except (ValueError, UnsupportedAlgorithm):
        raise _Unusable(f"{TLS_CERTIFICATE_KEY} is not a PEM certificate chain") from None


def _check_key(leaf: x509.Certificate, private_key: bytes) -> None:
    try:
        public_key = _public_key(private_key)
        belongs = public_key == leaf.public_key()
    except TypeError:
        raise _Unusable(f"{TLS_PRIVATE_KEY_KEY} is encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _Unusable(f"{TLS_PRIVATE_KEY_KEY} is not a PEM private key") from None
    if not belongs:
        raise _Unusable(f"{TLS_PRIVATE_KEY_KEY} does not belong to the certificate")
    fault = _key_fault(public_key)
    if fault:
        raise _Unusable(f"its {fault}")


def _check_issuers(issuers: list[x509.Certificate]) -> None:
    """A TLS context refuses the whole chain for one weak key in it."""
    for issuer in issuers:
        try:
            fault = _key_fault(issuer.public_key())
        except (ValueError, UnsupportedAlgorithm):
            fault = "key is of an unknown kind"
        if fault:
            raise _Unusable(f"in the chain of {TLS_CERTIFICATE_KEY} an issuer's {fault}")


def _key_fault(key: CertificatePublicKeyTypes) -> str:
    """Why TLS clients, or OpenSSL before them, would not take the key; completes "its ..."."""
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA key has less than {_MIN_RSA_BITS} bits" if key.key_size < _MIN_RSA_BITS else ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        name = key.curve.name
        return "" if name in _CURVES else f"key is on the curve {name}, which TLS clients refuse"
    return "" if isinstance(key, _OTHER_KEYS) else "key is neither RSA nor of an elliptic curve"


def _public_key(private_key: bytes) -> CertificatePublicKeyTypes:
    """The public half. Checking that the primes of an RSA key are prime takes 35 ms, and nothing
    here computes with the private half; OpenSSL does not check that either when a worker loads it.
    """
    key = load_pem_private_key(private_key, password=None, unsafe_skip_rsa_key_validation=True)
    return cast("CertificatePublicKeyTypes", key.public_key())


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    """DNS names of the subjectAltName; the common name only where there is no such extension."""
    try:
        san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = san.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        names = [str(attribute.value) for attribute in common]
    except ValueError:
        raise _Unusable(f"{TLS_CERTIFICATE_KEY} has malformed extensions") from None
    return tuple(sorted({name.lower().removesuffix(".") for name in names}))


def _invalid(secret: Secret, reason: str, *, is_kept: bool) -> Problem:
    instead = _KEPT if is_kept else _REPLACED
    return problem(
        Code.CERTIFICATE_INVALID,
        "",
        f"Secret {secret.key.qualified_name} cannot be used: {reason}; {instead}",
        f"make it with kubectl create secret tls {secret.metadata.name} --cert=... --key=...",
    )


_KEPT = "its earlier certificate is served until this is mended, but not after a restart"
_REPLACED = "its hosts get another certificate that covers them, else the default one"


def _unexpected_type(secret: Secret) -> Problem:
    return problem(
        Code.SECRET_TYPE_UNEXPECTED,
        "",
        f"Secret {secret.key.qualified_name} has type {secret.type}; it is used all the same",
        f"give it type {TLS_SECRET_TYPE}",
    )
