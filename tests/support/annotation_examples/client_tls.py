"""TLS with clients, and the certificates that they must show."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.metadata import ObjectMeta
from ingressd.resources.secret import Secret
from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient
from support.certificates import CertificateAuthority

NAME = "clients"
CLIENT_CA = Secret(
    metadata=ObjectMeta(name=NAME, namespace="default"),
    data={"ca.crt": CertificateAuthority().pem},
)


def host(**fields: object) -> Directives:
    return Directives(host=HostPolicy(**fields))  # type: ignore[arg-type]


def demand(**fields: object) -> Directives:
    return host(client_certificates=ClientCertificates("default/clients", **fields))  # type: ignore[arg-type]


EXAMPLES = {
    "auth-tls-secret": [("clients", demand()), ("default/clients", demand())],
    "auth-tls-verify-client": [
        ("on", demand()),
        ("off", demand(verify=VerifyClient.OFF)),
        ("optional", demand(verify=VerifyClient.OPTIONAL)),
        ("optional_no_ca", demand(verify=VerifyClient.OPTIONAL_NO_CA)),
    ],
    "auth-tls-verify-depth": [("1", demand()), ("3", demand(depth=3))],
    "auth-tls-pass-certificate-to-upstream": [
        ("true", demand(pass_to_upstream=True)),
        ("false", demand()),
    ],
    "auth-tls-match-cn": [
        ("CN=jane", demand(match_cn="CN=jane")),
        ("CN=(a|b).corp", demand(match_cn="CN=(a|b).corp")),
    ],
    "auth-tls-error-page": [
        ("https://a.test/e?x=1", demand(error_page="https://a.test/e?x=1")),
        ("/error", demand()),
        ("@error", demand()),
    ],
    "ssl-ciphers": [("HIGH:!aNULL", host(ciphers="HIGH:!aNULL"))],
    "ssl-prefer-server-ciphers": [("true", host(orders_ciphers=True)), ("false", Directives())],
    "ssl-passthrough": [("true", Directives()), ("false", Directives())],
}
INVALID = [
    ("auth-tls-secret", " "),
    *(("auth-tls-verify-client", text) for text in ("", "true", "ON")),
    *(("auth-tls-verify-depth", text) for text in ("0", "-1", "two")),
    ("auth-tls-pass-certificate-to-upstream", "on"),
    *(("auth-tls-match-cn", text) for text in ("", "jane", "O=x", "CN=(", "CN=a\nb", "CN=(?=a)")),
    *(("auth-tls-error-page", text) for text in ("", "error", "https://a b", "ftp://a.test")),
    *(("ssl-ciphers", text) for text in ("", "A;B", "A B")),
    *(("ssl-prefer-server-ciphers", text) for text in ("on", "")),
    *(("ssl-passthrough", text) for text in ("on", "")),
]
