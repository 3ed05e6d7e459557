"""All proxies there are, in the order of the table's columns."""

from __future__ import annotations

import sys

from bench.proxies import caddy, haproxy, ingressd, nginx
from bench.proxies.peer import Peer

SUBJECT = "ingressd"
MANY = "ingressd+10k"
"""ingressd with 10,000 Ingresses in its table."""

PEERS = (
    Peer(SUBJECT, sys.executable, ingressd.prepare),
    Peer(f"{SUBJECT}+log", sys.executable, ingressd.prepare_logging),
    Peer(MANY, sys.executable, ingressd.prepare_large),
    Peer("nginx", "nginx", nginx.prepare),
    Peer("haproxy", "haproxy", haproxy.prepare),
    Peer("caddy", "caddy", caddy.prepare),
)
