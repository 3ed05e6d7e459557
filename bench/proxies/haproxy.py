"""HAProxy."""

from __future__ import annotations

from pathlib import Path

from bench.programs import Ports, find_program

SETTINGS = """\
global
  nbthread 1
  maxconn 4096
  tune.ssl.default-dh-param 2048
  tune.ssl.cachesize 0
  ssl-default-bind-options no-tls-tickets
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend both
  bind 127.0.0.1:{http} backlog 4096
  bind 127.0.0.1:{https} ssl crt {certificates}/both.pem alpn http/1.1 backlog 4096
  http-request set-header X-Request-ID %[uuid()]
  http-request set-header X-Real-IP %[src]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Proto http if !{{ ssl_fc }}
  http-request set-header X-Forwarded-Scheme https if {{ ssl_fc }}
  http-request set-header X-Forwarded-Scheme http if !{{ ssl_fc }}
  http-request set-header X-Scheme https if {{ ssl_fc }}
  http-request set-header X-Scheme http if !{{ ssl_fc }}
  default_backend backend
backend backend
  server backend 127.0.0.1:{backend}
"""


def prepare(folder: Path, ports: Ports) -> list[str]:
    """The proxy."""
    path = folder / "haproxy.cfg"
    path.write_text(
        SETTINGS.format(
            certificates=folder.parent,
            http=ports.http,
            https=ports.https,
            backend=ports.backend,
        )
    )
    return [find_program("haproxy") or "haproxy", "-f", str(path)]
