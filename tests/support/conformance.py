"""The scenarios of the ingress-controller-conformance features, for a laptop and for a cluster.

Features: default backend, host rules, ingress class, load balancing, path rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from support.certificates import KeyPair

PORT = 8080
"""Of every Service."""

Paths = list[tuple[str, str, str]]  # pathType, path, service

ECHO = "echo-service"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
UNKNOWN_CLASS_HOST = "unknown-class.test"

TLS_HOST = "foo.bar.com"
TLS = {"hosts": [TLS_HOST], "secretName": "conformance-tls"}
HOST_RULES = {"*.foo.com": "wildcard-foo-com", TLS_HOST: "foo-bar-com"}

HOST_RULE_SCENARIOS = [
    (TLS_HOST, "foo-bar-com"),
    ("bar.foo.com", "wildcard-foo-com"),
    ("baz.bar.foo.com", None),
    ("foo.com", None),
    ("subdomain.bar.com", None),
]

PATH_RULES = {
    "exact-path-rules": [("Exact", "/foo", "foo-exact")],
    "prefix-path-rules": [
        ("Prefix", "/foo", "foo-prefix"),
        ("Prefix", "/aaa/bbb", "aaa-slash-bbb-prefix"),
        ("Prefix", "/aaa", "aaa-prefix"),
    ],
    "mixed-path-rules": [("Prefix", "/foo", "foo-prefix"), ("Exact", "/foo", "foo-exact")],
    "trailing-slash-path-rules": [
        ("Prefix", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix"),
        ("Exact", "/foo/", "foo-slash-exact"),
    ],
}

PATH_RULE_SCENARIOS = [
    ("exact-path-rules", "/foo", "foo-exact"),
    ("exact-path-rules", "/foo/", None),
    ("exact-path-rules", "/FOO", None),
    ("exact-path-rules", "/bar", None),
    ("prefix-path-rules", "/foo", "foo-prefix"),
    ("prefix-path-rules", "/foo/", "foo-prefix"),
    ("prefix-path-rules", "/foo/bar", "foo-prefix"),
    ("prefix-path-rules", "/FOO", None),
    ("prefix-path-rules", "/aaa/bbb", "aaa-slash-bbb-prefix"),
    ("prefix-path-rules", "/aaa/bbb/ccc", "aaa-slash-bbb-prefix"),
    ("prefix-path-rules", "/aaa", "aaa-prefix"),
    ("prefix-path-rules", "/aaa/ccc", "aaa-prefix"),
    ("prefix-path-rules", "/aaa/bbbccc", "aaa-prefix"),
    ("prefix-path-rules", "/aaaccc", None),
    ("prefix-path-rules", "/bar", None),
    ("mixed-path-rules", "/foo", "foo-exact"),
    ("mixed-path-rules", "/foo/bar", "foo-prefix"),
    ("trailing-slash-path-rules", "/aaa/bbb", "aaa-slash-bbb-slash-prefix"),
    ("trailing-slash-path-rules", "/aaa/bbb/", "aaa-slash-bbb-slash-prefix"),
    ("trailing-slash-path-rules", "/foo/", "foo-slash-exact"),
    ("trailing-slash-path-rules", "/foo", None),
]


def ingress(name: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """An Ingress object."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": dict(spec),
    }


def backend(service: str) -> dict[str, Any]:
    """As it stands in a path and in ``spec.defaultBackend``."""
    return {"service": {"name": service, "port": {"number": PORT}}}


def rule(paths: Paths, host: str | None = None) -> dict[str, Any]:
    """One of ``spec.rules``."""
    http = {
        "paths": [
            {"pathType": kind, "path": path, "backend": backend(service)}
            for kind, path, service in paths
        ]
    }
    return {"http": http} if host is None else {"host": host, "http": http}


def services_of(rules: Iterable[Paths]) -> set[str]:
    """The Services that rules name."""
    return {service for paths in rules for _, _, service in paths}


def default_backend() -> dict[str, Any]:
    """The Ingress of the features default backend and load balancing."""
    return ingress("default-backend", {"defaultBackend": backend(ECHO)})


def host_rules() -> dict[str, Any]:
    """The Ingress of the feature host rules; its Secret is ``tls_secret``.

    The feature also asks the host that has TLS in the plain, and expects the pod's answer. By
    default that is redirected to https, as with ingress-nginx, and so this has to be turned off.
    """
    rules = [rule([("Prefix", "/", service)], host) for host, service in HOST_RULES.items()]
    rules[-1]["http"]["paths"][0]["backend"]["service"]["port"] = {"name": "http"}
    made = ingress("host-rules", {"tls": [TLS], "rules": rules})
    made["metadata"]["annotations"] = {"nginx.ingress.kubernetes.io/ssl-redirect": "false"}
    return made


def tls_secret(pair: KeyPair) -> dict[str, Any]:
    """The Secret of ``host_rules``."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": TLS["secretName"]},
        "type": "kubernetes.io/tls",
        "stringData": {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()},
    }


def unknown_class() -> dict[str, Any]:
    """The Ingress of the feature ingress class, which nobody may serve."""
    rules = [rule([("Prefix", "/", ECHO)], UNKNOWN_CLASS_HOST)]
    spec = {"ingressClassName": "some-invalid-class-name", "rules": rules}
    return ingress("unknown-class", spec)


def path_rules() -> list[dict[str, Any]]:
    """The Ingresses of the feature path rules, one for each host."""
    return [ingress(host, {"rules": [rule(paths, host)]}) for host, paths in PATH_RULES.items()]
