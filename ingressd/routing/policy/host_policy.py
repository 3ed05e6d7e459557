"""All settings of one host, whichever of its routes a request takes."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class VerifyClient(Enum):
    """Whether clients must show a certificate: OPTIONAL ones are checked, OPTIONAL_NO_CA ones are
    not, and pods judge them."""

    ON = "on"
    OFF = "off"
    OPTIONAL = "optional"
    OPTIONAL_NO_CA = "optional_no_ca"


NOBODY = r"[^\s\S]"
"""A ``match_cn`` that no subject meets."""


class ClientCertificates(Struct, frozen=True, omit_defaults=True):
    """Which certificates of clients are accepted.

    ``secret`` is the key of the :class:`ingressd.routing.model.SecretMaterial` with ca.crt and
    ca.crl, or "" where there is none that could be used: then no certificate is good enough, and
    every route of the host answers 403. ``depth`` bounds the authorities between that of ca.crt
    and the client. ``match_cn`` is a regular expression that must be found in the subject, ""
    for any; ``error_page`` a URL for who is refused.
    """

    secret: str
    verify: VerifyClient = VerifyClient.ON
    depth: int = 1
    pass_to_upstream: bool = False
    match_cn: str = ""
    error_page: str = ""


class HostPolicy(Struct, frozen=True, gc=False, omit_defaults=True):
    """Settings of a host. ``aliases`` are its other names, and ``www_redirect`` redirects
    ``www.HOST`` to it, or HOST where it is that itself. ``app_root`` is where ``/`` is redirected
    to. ``ciphers`` are OpenSSL's names for TLS 1.2, "" for those of all hosts; with
    ``orders_ciphers`` the server's order counts instead of the client's. ``passthrough``: TLS is
    not ended here, and connections go to the pods of path ``/`` as they come. ``is_denied``: a
    protection of all of it is asked for that cannot be given, and every route answers 503.
    """

    aliases: tuple[str, ...] = ()
    www_redirect: bool = False
    app_root: str = ""
    ciphers: str = ""
    orders_ciphers: bool = False
    passthrough: bool = False
    is_denied: bool = False
    client_certificates: ClientCertificates | None = None

    @property
    def is_closed(self) -> bool:
        """Whether there is no way to let anybody in."""
        return self.client_certificates is not None and not self.client_certificates.secret


DEFAULT_HOST_POLICY = HostPolicy()
