"""Short ways to write routing models in tests."""

from __future__ import annotations

from ingressd.routing.delta import Delta
from ingressd.routing.model import (
    Alternative,
    Backend,
    Certificate,
    Endpoint,
    Host,
    PathKind,
    Route,
    Upstream,
)
from ingressd.routing.policy import DEFAULT_POLICY, CanaryPolicy, Policy
from ingressd.routing.table import Table


def route(
    kind: str,
    path: str,
    *,
    host: str = "a.example.com",
    service: str = "web",
    policy: Policy = DEFAULT_POLICY,
    ingress: str = "default/web",
) -> Route:
    """A route to port 80 of a Service of the namespace default."""
    backend = Backend("default", service, "80")
    return Route(
        host, path, PathKind(kind), ingress, "spec.rules[0].http.paths[0]", backend, policy
    )


def canary(service: str = "new", **policy: object) -> Alternative:
    """A canary of the namespace default that leads to port 80 of a Service."""
    backend, place = Backend("default", service, "80"), "spec.rules[0].http.paths[0]"
    return Alternative(f"default/{service}", place, backend, CanaryPolicy(**policy))  # type: ignore[arg-type]


def host(*paths: str, name: str = "a.example.com", has_tls: bool = False) -> Host:
    """A host from texts such as "Prefix /foo" or "Exact /"; "default" is its default backend."""
    rules = [text.partition(" ") for text in paths if text != "default"]
    routes = tuple(route(kind, path, host=name) for kind, _, path in rules)
    fallback = route("Prefix", "/", host=name, service="fallback") if "default" in paths else None
    return Host(name, routes, fallback, has_tls)


def upstream(key: str = "default/web:80", *addresses: str) -> Upstream:
    """An upstream with port 8080 of each address."""
    return Upstream(key, tuple(Endpoint(address, 8080) for address in addresses or ("10.0.0.1",)))


def certificate(*names: str, fingerprint: str = "f1", secret: str = "default/tls") -> Certificate:
    """A certificate in name only."""
    return Certificate(fingerprint, b"chain", b"MARKER-PRIVATE-KEY", names, 2e9, secret)


def table(*hosts: Host, upstreams: tuple[Upstream, ...] = (), **rest: object) -> Table:
    """A table of hosts, upstreams, and any other field of a delta."""
    delta = Delta(generation=1, reset=True, hosts=hosts, upstreams=upstreams, **rest)  # type: ignore[arg-type]
    return Table.empty().apply(delta)
