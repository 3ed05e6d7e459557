"""The text of each proxy's settings."""

from __future__ import annotations

from pathlib import Path

from bench.cases import HOST

NGINX_BASE = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
"""

NGINX_BACKEND = """\
  sendfile on;
  default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {folder};
    location = /small {{ default_type text/plain; return 200 "{small}"; }}
  }}
}}
"""

NGINX_PROXY = """\
  upstream backend {{ server 127.0.0.1:{backend}; keepalive 128; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{http} backlog=4096;
    listen 127.0.0.1:{https} ssl backlog=4096;
    ssl_certificate {certificates}/cert.pem;
    ssl_certificate_key {certificates}/key.pem;
    location / {{
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_buffers 16 16k;
      proxy_max_temp_file_size 0;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-Request-ID $request_id;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_set_header X-Forwarded-Port $server_port;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Scheme $scheme;
    }}
  }}
}}
"""

HAPROXY = """\
global
  nbthread 1
  maxconn 4096
  tune.ssl.default-dh-param 2048
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
  default_backend backend
backend backend
  server backend 127.0.0.1:{backend}
"""

CADDY = """\
{{
  admin off
  auto_https off
  servers {{
    protocols h1
  }}
}}
(proxy) {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{backend} {{
    flush_interval -1
    header_up X-Request-ID {{http.request.uuid}}
    header_up X-Real-IP {{remote_host}}
    header_up X-Forwarded-Port {{http.request.port}}
    header_up X-Forwarded-Scheme {{scheme}}
    transport http {{
      keepalive_idle_conns 128
      keepalive_idle_conns_per_host 128
      compression off
    }}
  }}
}}
http://:{http} {{
  import proxy
}}
https://:{https} {{
  tls {certificates}/cert.pem {certificates}/key.pem
  import proxy
}}
"""

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: bench
  namespace: default
spec:
  rules:
    - host: {host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {{service: {{name: bench, port: {{number: 80}}}}}}
---
apiVersion: v1
kind: Service
metadata:
  name: bench
  namespace: default
spec:
  selector: {{app: bench}}
  ports:
    - port: 80
"""


def backend(folder: Path, port: int) -> str:
    """nginx as a fast server."""
    return (NGINX_BASE + NGINX_BACKEND).format(folder=folder, port=port, small="x" * 100)


def nginx(folder: Path, http: int, https: int, backend: int) -> str:
    """nginx as a proxy."""
    return (NGINX_BASE + NGINX_PROXY).format(
        folder=folder, certificates=folder.parent, http=http, https=https, backend=backend
    )


def haproxy(folder: Path, http: int, https: int, backend: int) -> str:
    """HAProxy."""
    return HAPROXY.format(certificates=folder.parent, http=http, https=https, backend=backend)


def caddy(folder: Path, http: int, https: int, backend: int) -> str:
    """Caddy."""
    return CADDY.format(certificates=folder.parent, http=http, https=https, backend=backend)


def ingress() -> str:
    """The Ingress and the Service that ingressd is given."""
    return INGRESS.format(host=HOST)
