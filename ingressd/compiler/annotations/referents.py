"""The kinds of Secrets and ConfigMaps that annotations ask for, and what each must hold."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from cryptography import x509
from msgspec import structs

from ingressd.compiler.annotations.field_values import (
    doubt_about_fields,
    fault_of_fields,
    fault_of_literal_fields,
    is_managed_in_answers,
    is_managed_towards_pods,
)
from ingressd.compiler.annotations.referent import CONFIG_MAP, SECRET, Referent
from ingressd.resources.secret import TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY_KEY
from ingressd.routing.policy import ClientCertificates, PodTls, UserForm
from ingressd.routing.users import AUTH_FILE_KEY, read_users

CA_CERTIFICATE_KEY = "ca.crt"
CA_REVOCATIONS_KEY = "ca.crl"

_PEM_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


def _fault_of_auth_file(content: Mapping[str, bytes]) -> str:
    if AUTH_FILE_KEY not in content:
        return f"has no key {AUTH_FILE_KEY}"
    return "" if content[AUTH_FILE_KEY].strip() else f"has nothing under its key {AUTH_FILE_KEY}"


def _fault_of_auth_map(content: Mapping[str, bytes]) -> str:
    return "" if content else "has no key, and so no user"


def _doubt_about_auth_file(content: Mapping[str, bytes]) -> str:
    return _doubt_about_users(((AUTH_FILE_KEY, content[AUTH_FILE_KEY]),), UserForm.FILE)


def _doubt_about_auth_map(content: Mapping[str, bytes]) -> str:
    return _doubt_about_users(tuple(content.items()), UserForm.MAP)


@lru_cache(maxsize=64)  # many Ingresses may name the same Secret, and it may be long
def _doubt_about_users(entries: tuple[tuple[str, bytes], ...], form: UserForm) -> str:
    """Where users stand that cannot log in; the first of them, since the rest may be many."""
    faults = read_users(dict(entries), form).faults
    more = f", and {len(faults) - 1} more like it" if len(faults) > 1 else ""
    return f"has a user who cannot log in ({faults[0]}){more}" if faults else ""


def _fault_of_client_ca(content: Mapping[str, bytes]) -> str:
    if fault := _fault_of_certificates(content, CA_CERTIFICATE_KEY):
        return fault
    return _fault_of_authorities(content[CA_CERTIFICATE_KEY], content.get(CA_REVOCATIONS_KEY, b""))


@lru_cache(maxsize=64)  # many Ingresses may name the same Secret
def _fault_of_authorities(certificates: bytes, revocations: bytes) -> str:
    try:
        x509.load_pem_x509_certificates(certificates)
    except ValueError:
        return f"has something under {CA_CERTIFICATE_KEY} that is no PEM certificate"
    try:
        if revocations.strip():
            x509.load_pem_x509_crl(revocations)
    except ValueError:
        return f"has something under {CA_REVOCATIONS_KEY} that is no PEM list of revocations"
    return ""


def _fault_of_pod_tls(content: Mapping[str, bytes]) -> str:
    """It may have a certificate to show, authorities to trust, or both."""
    pair = {TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY_KEY}
    if not content.keys() & {*pair, CA_CERTIFICATE_KEY}:
        return f"has neither {TLS_CERTIFICATE_KEY} and {TLS_PRIVATE_KEY_KEY} nor ca.crt"
    if missing := sorted(pair - content.keys()):
        if len(missing) == 1:
            return f"has no key {missing[0]}"
        return _fault_of_certificates(content, CA_CERTIFICATE_KEY)
    return _fault_of_certificates(content, TLS_CERTIFICATE_KEY)


def _fault_of_verifying_pod_tls(content: Mapping[str, bytes]) -> str:
    return _fault_of_pod_tls(content) or _fault_of_certificates(content, CA_CERTIFICATE_KEY)


def _fault_of_certificates(content: Mapping[str, bytes], name: str) -> str:
    if name not in content:
        return f"has no key {name}"
    return "" if _PEM_CERTIFICATE in content[name] else f"has no PEM certificate in {name}"


def _fault_of_answer_fields(content: Mapping[str, str]) -> str:
    return fault_of_fields(content) or doubt_about_fields(content, is_managed_in_answers)


def _fault_of_literal_answer_fields(content: Mapping[str, str]) -> str:
    return fault_of_literal_fields(content) or doubt_about_fields(content, is_managed_in_answers)


def _doubt_about_pod_fields(content: Mapping[str, str]) -> str:
    return doubt_about_fields(content, is_managed_towards_pods)


def _as_pod_fields(_key: str, content: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in sorted(content.items()) if not is_managed_towards_pods(pair[0]))


def _as_client_certificates(key: str, _content: Mapping[str, bytes]) -> ClientCertificates:
    return ClientCertificates(key)


def _as_pairs(_key: str, content: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(content.items()))


def _as_pod_tls(key: str, content: Mapping[str, bytes]) -> PodTls:
    return PodTls(secret=key)


_POD_TLS_ENTRIES = frozenset({TLS_CERTIFICATE_KEY, TLS_PRIVATE_KEY_KEY, CA_CERTIFICATE_KEY})


AUTH_FILE = Referent[bytes](
    kind=SECRET,
    fault=_fault_of_auth_file,
    doubt=_doubt_about_auth_file,
    remedy=f"put the lines that htpasswd writes under the key {AUTH_FILE_KEY}",
    entries=frozenset({AUTH_FILE_KEY}),
)
"""Users and hashes as ``htpasswd`` writes them."""

AUTH_MAP = Referent[bytes](
    kind=SECRET,
    fault=_fault_of_auth_map,
    doubt=_doubt_about_auth_map,
    remedy="add a key for each user, with the hash of the password as its value",
    entries=None,
)
"""A key for each user; the value is the hash."""

CLIENT_CA = Referent[bytes](
    kind=SECRET,
    fault=_fault_of_client_ca,
    remedy=f"put the certificates of the authorities, PEM, under {CA_CERTIFICATE_KEY}",
    value=_as_client_certificates,
    entries=frozenset({CA_CERTIFICATE_KEY, CA_REVOCATIONS_KEY}),
)
"""Authorities of clients' certificates, and what they revoked."""

POD_TLS = Referent[bytes](
    kind=SECRET,
    fault=_fault_of_pod_tls,
    remedy="put a certificate and its key under tls.crt and tls.key, authorities under ca.crt",
    value=_as_pod_tls,
    entries=_POD_TLS_ENTRIES,
)
"""A certificate to show to pods, the authorities of theirs, or both."""

VERIFYING_POD_TLS = structs.replace(
    POD_TLS,
    fault=_fault_of_verifying_pod_tls,
    remedy="put the certificates of the authorities of the pods, PEM, under ca.crt, or remove "
    "proxy-ssl-verify",
)
"""The same, where the authorities must not be missing."""

HEADERS_WITH_VARIABLES = Referent[str](
    kind=CONFIG_MAP,
    fault=fault_of_fields,
    remedy="write the name of a header as the key, and its value on one line",
    value=_as_pairs,
)
"""Headers by name, with nginx's variables in their values; a policy holds them as pairs, sorted.
Another namespace must be allowed."""

HEADERS_OF_ANSWERS = structs.replace(
    HEADERS_WITH_VARIABLES, fault=_fault_of_answer_fields, is_confined=False
)
"""Those of answers, from any namespace."""

LITERAL_HEADERS_OF_ANSWERS = structs.replace(
    HEADERS_OF_ANSWERS, fault=_fault_of_literal_answer_fields
)
"""The same without variables: a "$" is only that."""

HEADERS_OF_REQUESTS = structs.replace(
    HEADERS_OF_ANSWERS, fault=fault_of_fields, doubt=_doubt_about_pod_fields, value=_as_pod_fields
)
"""Those that pods get, likewise."""


def users_of(texts: Mapping[str, str]) -> Referent[bytes]:
    """What ``auth-secret`` refers to, which ``auth-secret-type`` says."""
    return AUTH_MAP if texts.get("auth-secret-type", "").strip() == "auth-map" else AUTH_FILE


def pod_tls_of(texts: Mapping[str, str]) -> Referent[bytes]:
    """What ``proxy-ssl-secret`` refers to: ``proxy-ssl-verify`` says whether for authorities."""
    verifies = texts.get("proxy-ssl-verify", "off").strip() != "off"
    return VERIFYING_POD_TLS if verifies else POD_TLS
