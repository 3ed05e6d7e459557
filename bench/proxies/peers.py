"""All proxies there are, in the order of the table's columns."""

from __future__ import annotations

import sys
from functools import partial

from bench.proxies import caddy, haproxy, ingressd, nginx
from bench.proxies.peer import Peer

SUBJECT = "ingressd"
MANY = "ingressd+10k"
"""ingressd with 10,000 Ingresses in its table."""

OTHER = "ingressd+python"
"""ingressd by another interpreter."""

PEERS = (
    Peer(SUBJECT, sys.executable, "-VV", ingressd.prepare),
    Peer(f"{SUBJECT}+log", sys.executable, "-VV", ingressd.prepare_logging),
    Peer(MANY, sys.executable, "-VV", ingressd.prepare_large),
    Peer("nginx", "nginx", "-v", nginx.prepare),
    Peer("haproxy", "haproxy", "-v", haproxy.prepare),
    Peer("caddy", "caddy", "version", caddy.prepare),
)


def known_peers(python: str | None) -> tuple[Peer, ...]:
    """All of them, and ingressd by another interpreter where there is a path to one."""
    if python is None:
        return PEERS
    return (*PEERS, Peer(OTHER, python, "-VV", partial(ingressd.prepare, python=python)))
