"""What a worker is told once, at its start."""

from __future__ import annotations

from msgspec import Struct


class Limits(Struct, frozen=True):
    """Bounds on what one client may cost. Sizes in bytes, times in seconds.

    Defaults are ingress-nginx's where it has one (client-header-timeout, keep-alive,
    keep-alive-requests, max-worker-connections). ``head`` bounds a request line and its fields
    together, ``head_timeout`` the time from a head's first byte to its last, and ``body`` what a
    request may carry (0: anything). ``connections`` are a worker's open client connections; more
    wait in the kernel's queue. ``tls_handshakes`` run at a time; more wait in ours.
    """

    request_line: int = 16 * 1024
    header_field: int = 32 * 1024
    header_count: int = 128
    head: int = 64 * 1024
    head_timeout: float = 60.0
    body: int = 0
    body_timeout: float = 60.0
    keep_alive: float = 75.0
    keep_alive_requests: int = 1000
    connections: int = 16384
    tls_handshakes: int = 1024
    tls_handshake_timeout: float = 10.0


class ProxySettings(Struct, frozen=True):
    """Settings of a worker's data plane.

    ``affinity_key`` keys the hashes in affinity cookies and must be the same in all replicas.
    ``templates`` is a folder whose error pages win over ours, "" for none. ``https_port`` is what
    redirects name when it is not 443. ``upstream_idle`` (seconds) stays below the keep-alive
    timeout of common servers, of which Node's 5 s is the shortest.
    ``local_names`` lets an ExternalName Service lead to loopback and link-local addresses;
    none may lead to ``refused_names`` (names or addresses: the API server's).
    """

    affinity_key: bytes
    limits: Limits = Limits()
    templates: str = ""
    http_port: int = 80
    https_port: int = 443
    access_log: bool = True
    log_format: str = "json"
    upstream_idle: float = 4.0
    local_names: bool = False
    refused_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ProxySettings({self.limits!r}, http={self.http_port}, https={self.https_port})"
