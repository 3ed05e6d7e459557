"""TLS with pods: the contexts of a worker, and what is asked of the certificate of a pod."""

from __future__ import annotations

import logging
import ssl
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from msgspec import structs

from ingressd.proxy.memory_file import memory_file
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import PodTls

_LOG = logging.getLogger(__name__)

MAX_CONTEXTS = 256
"""Contexts that a worker keeps, the least recently used dropped first."""

NO_SNI = ""
"""What asyncio takes for: send no name."""

_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}

_Key: TypeAlias = tuple[PodTls, str]
_Peer: TypeAlias = Mapping[str, Any]


class Security(NamedTuple):
    """How the connections of one upstream are secured: only equals may share any.

    ``service_name`` is the DNS name of the Service.
    """

    context: ssl.SSLContext
    settings: PodTls
    service_name: str

    def name_at(self, external_name: str) -> str:
        """Whose certificate it has to be; ``external_name`` is that of an ExternalName Service, or
        "". nginx, which is given no host there, expects ``upstream_balancer``: nobody has that."""
        return self.settings.name or external_name or self.service_name

    def check(self, connected: ssl.SSLObject, name: str) -> None:
        """Finish the verification of a pod's certificate. Raises ssl.SSLCertVerificationError.

        OpenSSL has seen to it that an authority vouches for it, and to the name if that was sent:
        Python cannot tell it the one without the other.
        """
        settings = self.settings
        if not settings.verify:
            return
        if not settings.sends_name and not is_for(name, connected.getpeercert() or {}):
            raise ssl.SSLCertVerificationError(1, f"the certificate is not valid for {name!r}")
        if _others_in_chain(connected) > settings.depth:
            raise ssl.SSLCertVerificationError(1, "the certificate chain is too long")


class SecurityStore:
    """Owner of the contexts with which a worker connects to pods.

    A context that cannot be made is remembered as None: it costs, and is logged, once.
    """

    def __init__(self, capacity: int = MAX_CONTEXTS) -> None:
        self._capacity = capacity
        self._contexts: OrderedDict[_Key, ssl.SSLContext | None] = OrderedDict()

    def context_for(
        self, settings: PodTls, material: SecretMaterial | None
    ) -> ssl.SSLContext | None:
        """The context for settings and what their Secret holds; None where there can be none, so
        that nobody may be connected to."""
        if settings.secret and material is None:
            return None
        key = (structs.replace(settings, is_shared=True), material.version if material else "")
        if key not in self._contexts:
            self._contexts[key] = _load_or_log(settings, material)
        self._contexts.move_to_end(key)
        if len(self._contexts) > self._capacity:
            self._contexts.popitem(last=False)
        return self._contexts[key]


def load_context(settings: PodTls, entries: Mapping[str, bytes]) -> ssl.SSLContext:
    """A client's context with the entries of a Secret. Raises OSError and ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    versions = [_VERSIONS[version] for version in settings.versions]
    context.minimum_version, context.maximum_version = min(versions), max(versions)
    context.set_ciphers(settings.ciphers or "DEFAULT")
    if settings.verify:
        context.load_verify_locations(cadata=entries.get("ca.crt", b"").decode("ascii"))
        context.verify_mode = ssl.CERT_REQUIRED
        context.check_hostname = settings.sends_name
    if "tls.crt" in entries:
        _show(context, entries["tls.crt"], entries.get("tls.key", b""))
    return context


def is_for(name: str, certificate: _Peer) -> bool:
    """Whether a verified certificate names ``name``: as an address, or as a DNS name, of which the
    first label may be ``*`` before two others (RFC 9525 section 6). As with OpenSSL, and so with
    nginx, the common name counts where there is no DNS name."""
    alternatives = certificate.get("subjectAltName", ())
    try:
        address = ip_address(name)
    except ValueError:
        wanted = name.lower()
        parent = wanted.partition(".")[2]
        accepted = {wanted, f"*.{parent}"} if "." in parent else {wanted}
        names = _values(alternatives, "DNS") or _values(
            chain.from_iterable(certificate.get("subject", ())), "commonName"
        )
        return any(each.lower() in accepted for each in names)
    return any(ip_address(each) == address for each in _values(alternatives, "IP Address"))


def _values(pairs: Iterable[tuple[str, str]], kind: str) -> list[str]:
    return [value for key, value in pairs if key == kind]


def _show(context: ssl.SSLContext, certificates: bytes, private_key: bytes) -> None:
    with memory_file(certificates) as chain_path, memory_file(private_key) as key_path:
        # An encrypted key fails on the empty password; without one OpenSSL asks on the terminal.
        context.load_cert_chain(chain_path, key_path, password=lambda: "")


def _others_in_chain(connected: Any) -> int:
    """Certificates between that of the pod and that of the authority. Python has the chain as a
    public method of ``SSLObject`` from 3.13 on, and no way to bound it before the handshake."""
    return len(connected._sslobj.get_verified_chain()) - 2


def _load_or_log(settings: PodTls, material: SecretMaterial | None) -> ssl.SSLContext | None:
    try:
        return load_context(settings, material.entries if material is not None else {})
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        _LOG.error(
            "TLS to pods as Secret %s and its annotations say is impossible, which is answered "
            "with 503: %s",
            settings.secret,
            error,
        )
        return None
