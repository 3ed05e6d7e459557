"""What a worker is told once, at its start."""

from __future__ import annotations

from msgspec import Struct


class ProxySettings(Struct, frozen=True):
    """Settings of a worker's data plane.

    ``affinity_key`` keys the hashes in affinity cookies and must be the same in all replicas.
    ``templates`` is a folder whose error pages win over ours, "" for none. ``local_names`` lets an
    ExternalName Service lead to loopback and link-local addresses; none may lead to
    ``refused_names`` (names or addresses: the API server's). ``service_names``: the names that DNS
    of a cluster would know Services by lead to their endpoints. ``memory_limit`` is how many bytes
    a worker may hold, 0 for all there are.
    """

    affinity_key: bytes
    templates: str = ""
    http_port: int = 80
    https_port: int = 443
    access_log: bool = True
    log_format: str = "json"
    local_names: bool = False
    refused_names: tuple[str, ...] = ()
    service_names: bool = False
    memory_limit: int = 0

    def __repr__(self) -> str:
        return f"ProxySettings(http={self.http_port}, https={self.https_port})"
