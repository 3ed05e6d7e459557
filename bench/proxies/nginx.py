"""nginx, as a proxy and as the backend of all proxies."""

from __future__ import annotations

from pathlib import Path

from bench.cpu import pinned
from bench.programs import Ports, Running, find_program, free_ports, start, subfolder

SMALL = 100
MEDIUM = 64 * 1024
LARGE = 1024 * 1024

BASE = """\
daemon off;
user root;
master_process {master};
worker_processes 1;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_max_body_size 0;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
"""

# It runs without a master, because a worker could not change its user in a user namespace.
# An empty trailer makes nginx send a file in chunks, still by sendfile. A POST is answered once it
# has arrived in full, as an application does: nginx's `return` would answer before.
BACKEND = """\
  sendfile on;
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {folder};
    location = /small {{ default_type text/plain; return 200 "{small}"; }}
    location = /fresh {{
      default_type text/plain;
      add_header X-Nonce $request_id;
      return 200 "{small}";
    }}
    location = /chunked {{ alias {folder}/medium; add_trailer X-None $arg_none; }}
    location = /upload {{
      client_body_buffer_size 2m;
      proxy_pass http://127.0.0.1:{port}/small;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}
}}
"""

PROXY = """\
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{http} backlog=4096;
    listen 127.0.0.1:{https} ssl backlog=4096;
    ssl_certificate {certificates}/cert.pem;
    ssl_certificate_key {certificates}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_buffers 16 16k;
      proxy_max_temp_file_size 0;
      proxy_request_buffering off;
      client_body_buffer_size 64k;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
      proxy_set_header X-Scheme $scheme;
    }}
  }}
}}
"""


def prepare(folder: Path, ports: Ports) -> list[str]:
    """The proxy."""
    settings = (BASE + PROXY).format(
        master="on",
        folder=folder,
        certificates=folder.parent,
        http=ports.http,
        https=ports.https,
        backend=ports.backend,
    )
    return _command(folder, settings)


def start_backend(parent: Path, core: int) -> Running:
    """100 bytes on /small, 64 KiB on /medium and /chunked, 1 MiB on /large; POST to /upload."""
    folder = subfolder(parent, "backend")
    for name, size in (("medium", MEDIUM), ("large", LARGE)):
        (folder / name).write_bytes(b"x" * size)
    (port,) = free_ports(1)
    settings = (BASE + BACKEND).format(master="off", folder=folder, port=port, small="x" * SMALL)
    command = pinned((core,), _command(folder, settings))
    return start("backend", command, folder, Ports(http=port, https=0, admin=0, backend=port))


def _command(folder: Path, settings: str) -> list[str]:
    path = folder / "nginx.conf"
    path.write_text(settings)
    return [find_program("nginx") or "nginx", "-p", str(folder), "-c", str(path)]
