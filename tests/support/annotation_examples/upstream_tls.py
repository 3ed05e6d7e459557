"""TLS with pods."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.metadata import ObjectMeta
from ingressd.resources.secret import Secret
from ingressd.routing.policy import PodTls, Policy

_PEM = b"-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
POD_CA = Secret(metadata=ObjectMeta(name="pods", namespace="default"), data={"ca.crt": _PEM})


def tls(**fields: object) -> Directives:
    wanted = PodTls(secret="default/pods", **fields)  # type: ignore[arg-type]
    return Directives(Policy(pod_tls=wanted))


EXAMPLES = {
    "proxy-ssl-secret": [("default/pods", tls()), ("pods", tls())],
    "proxy-ssl-verify": [("on", tls(verify=True)), ("off", tls())],
    "proxy-ssl-verify-depth": [("3", tls(depth=3))],
    "proxy-ssl-name": [
        ("pod.example.com", tls(name="pod.example.com")),
        ("2001:db8::1", tls(name="2001:db8::1")),
    ],
    "proxy-ssl-server-name": [("on", tls(sends_name=True)), ("off", tls())],
    "proxy-ssl-ciphers": [("HIGH:!aNULL", tls(ciphers="HIGH:!aNULL"))],
    "proxy-ssl-protocols": [
        ("TLSv1.3", tls(versions=("TLSv1.3",))),
        ("TLSv1.3  TLSv1.2", tls()),
        ("TLSv1 TLSv1.2", tls(versions=("TLSv1.2",))),
        ("SSLv3", tls()),
    ],
}
INVALID = [
    ("proxy-ssl-secret", " "),
    *(("proxy-ssl-verify", text) for text in ("", "true", "ON")),
    *(("proxy-ssl-verify-depth", text) for text in ("0", "-1", "one")),
    *(("proxy-ssl-name", text) for text in ("", "$host", "a b", "a;b", "a\nb")),
    ("proxy-ssl-server-name", "pod.example.com"),
    *(("proxy-ssl-ciphers", text) for text in ("", "A;B", "A B")),
    *(("proxy-ssl-protocols", text) for text in ("", "TLSv1.4", "TLSv1.2,TLSv1.3")),
]
