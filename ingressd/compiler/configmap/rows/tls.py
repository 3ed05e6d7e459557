"""TLS towards clients."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import if_true
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import Parser, boolean, integer, openssl_ciphers
from ingressd.compiler.configmap.row import Row, no_op

_SPOKEN = ("TLSv1.2", "TLSv1.3")
_OWN_RESUMPTION = "sessions resume where a certificate serves one host only"


def _versions(text: str) -> tuple[str, ...]:
    words = text.split()
    if not words or not {*words} <= {*_SPOKEN}:
        raise ValueError("not versions of TLS that are spoken")
    return tuple(version for version in _SPOKEN if version in words)


def _hsts_row(name: str, field: str, default: str, summary: str) -> Row:
    return Row(
        name=name,
        field=field,
        value=integer(at_least=0) if field.endswith("max_age") else boolean(),
        default=default,
        summary=summary,
    )


ROWS = (
    _hsts_row("hsts", "hsts", "true", "Strict-Transport-Security of every answer on https."),
    _hsts_row("hsts-max-age", "strict_transport.max_age", "31536000", "Its max-age, seconds."),
    _hsts_row(
        "hsts-include-subdomains",
        "strict_transport.include_subdomains",
        "true",
        "Its includeSubDomains.",
    ),
    _hsts_row("hsts-preload", "strict_transport.preload", "false", "Its preload."),
    Row(
        name="ssl-protocols",
        field="global_policy.client_tls.versions",
        value=Parser("TLSv1.2, TLSv1.3 or both: older versions are not spoken", _versions),
        default="TLSv1.2 TLSv1.3",
        summary="Versions of TLS, separated by spaces.",
    ),
    Row(
        name="ssl-ciphers",
        field="global_policy.client_tls.ciphers",
        value=openssl_ciphers(),
        summary="Ciphers for TLS 1.2, in OpenSSL's notation.",
    ),
    Row(
        name="ssl-ecdh-curve",
        default="auto",
        summary="Curves for the key exchange.",
        support=Support.NOT_YET,
        instead="OpenSSL chooses",
        remedy="remove it",
        usual="auto",
    ),
    Row(
        name="ssl-dh-param",
        summary="Secret with parameters for the key exchange of DHE.",
        support=Support.NEVER,
        instead="DHE is not spoken; ECDHE is",
        remedy="remove it",
    ),
    Row(
        name="ssl-early-data",
        default="false",
        summary="Take requests in the first flight of TLS 1.3, which may be replayed.",
        support=Support.NEVER,
        instead="there is no early data",
        remedy="remove it",
        usual="false",
    ),
    Row(
        name="ssl-reject-handshake",
        field="global_policy.client_tls.rejects_unknown",
        value=boolean(),
        default="false",
        summary="Refuse handshakes for names that no Ingress has.",
        protects=if_true,
    ),
    no_op("ssl-session-cache", "A cache of TLS sessions.", "true", _OWN_RESUMPTION),
    no_op("ssl-session-cache-size", "Its size.", "10m", _OWN_RESUMPTION),
    no_op("ssl-session-tickets", "Resume sessions by tickets.", "false", _OWN_RESUMPTION),
    no_op("ssl-session-ticket-key", "Key of the tickets.", "", _OWN_RESUMPTION),
    no_op("ssl-session-timeout", "Lifetime of TLS sessions.", "10m", _OWN_RESUMPTION),
    no_op("ssl-buffer-size", "Size of TLS records.", "4k", "records are as large as the writes"),
    Row(
        name="enable-ocsp",
        default="false",
        summary="Staple OCSP answers.",
        support=Support.NEVER,
        instead="nothing is stapled",
        remedy="remove it: clients do without",
        usual="false",
    ),
    Row(
        name="use-http2",
        default="false",
        summary="Speak HTTP/2 with clients on https.",
        support=Support.NOT_YET,
        instead="clients are spoken to in HTTP/1.1",
        remedy="remove it",
        usual="false",
    ),
    no_op("http2-max-concurrent-streams", "Streams of HTTP/2.", "128", "there is no HTTP/2"),
    no_op("http2-max-field-size", "Fields of HTTP/2.", "", "there is no HTTP/2"),
    no_op("http2-max-header-size", "Heads of HTTP/2.", "", "there is no HTTP/2"),
    no_op(
        "http2-max-requests", "Requests on one connection.", "", "keep-alive-requests bounds them"
    ),
)
