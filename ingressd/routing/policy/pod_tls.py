"""Whether pods are spoken to in TLS, and whom ingressd takes for the pod."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class PodProtocol(Enum):
    """What pods are spoken to in. AUTO is that which the client has used."""

    HTTP = "HTTP"
    HTTPS = "HTTPS"
    AUTO = "AUTO_HTTP"


class PodTls(Struct, frozen=True, gc=False, omit_defaults=True):
    """How TLS is spoken to pods. The defaults believe every pod, as ingress-nginx does.

    ``secret`` is the key of the :class:`ingressd.routing.model.SecretMaterial` with the certificate
    that pods are shown and the authorities that are trusted, "" for neither. With ``verify``, the
    certificate of the pod must come from one of these, with ``depth`` others at most between the
    two, and be that of ``name``: "" is the DNS name of the Service. ``sends_name``: pods are told
    that name (SNI). ``ciphers`` are OpenSSL's names for TLS 1.2, "" for its usual ones;
    ``versions`` are TLSv1.2 and TLSv1.3, or one of them. ``is_shared``: it holds for the routes of
    other Ingresses of the host and namespace, too, as far as they have none of their own.
    """

    secret: str = ""
    verify: bool = False
    depth: int = 1
    name: str = ""
    sends_name: bool = False
    ciphers: str = ""
    versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    is_shared: bool = True


DEFAULT_POD_TLS = PodTls()
