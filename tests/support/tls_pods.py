"""Pods that speak TLS: their certificates, whom they let in, and what they were asked for."""

from __future__ import annotations

import hashlib
import ssl

from ingressd.proxy.memory_file import memory_file
from ingressd.routing.model import SecretMaterial
from support.certificates import CertificateAuthority, KeyPair

SECRET = "default/pods"


class TlsPod:
    """The TLS half of a pod. ``asked`` are the names that clients asked for, None for no SNI."""

    def __init__(
        self, pair: KeyPair, *, clients_of: CertificateAuthority | None = None, chain: bytes = b""
    ) -> None:
        self.asked: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with memory_file(pair.chain + chain) as shown, memory_file(pair.private_key) as key:
            self.context.load_cert_chain(shown, key)
        if clients_of is not None:
            self.context.load_verify_locations(cadata=clients_of.pem.decode())
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.sni_callback = lambda _, name, __: self.asked.append(name)


def material(
    authority: CertificateAuthority | None = None, pair: KeyPair | None = None, key: str = SECRET
) -> SecretMaterial:
    """What a worker gets of a Secret with a CA, a certificate to show, or both."""
    entries: dict[str, bytes] = {}
    if authority is not None:
        entries["ca.crt"] = authority.pem
    if pair is not None:
        entries |= {"tls.crt": pair.chain, "tls.key": pair.private_key}
    version = hashlib.sha256(repr(sorted(entries.items())).encode()).hexdigest()
    return SecretMaterial(key, version, entries)
