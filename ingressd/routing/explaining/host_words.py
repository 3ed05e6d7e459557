"""The settings of a host in a few words."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient


def host_words(policy: HostPolicy) -> Iterator[str]:
    """What differs from the default about TLS with its clients, one phrase each; what else there
    is has routes of its own."""
    if policy.passthrough:
        yield "TLS goes to the pods of path / as it comes"
    if policy.ciphers:
        yield f"ciphers {policy.ciphers}"
    if policy.orders_ciphers:
        yield "ciphers in the order of the server"
    if policy.client_certificates is not None:
        yield from _certificate_words(policy.client_certificates)


def _certificate_words(wanted: ClientCertificates) -> Iterator[str]:
    if not wanted.secret:
        yield "closed: certificates of clients cannot be checked"
    elif wanted.verify is not VerifyClient.OFF:
        may = "must" if wanted.verify is VerifyClient.ON else "may"
        yield f"clients {may} show a certificate for Secret {wanted.secret}"
        if wanted.match_cn:
            yield f"its subject must hold {wanted.match_cn}"
