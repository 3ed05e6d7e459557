"""A real nginx, set up as ingress-nginx does it, in front of a pod of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.nginx import nginx_of

_HTTP = """\
underscores_in_headers off;
ignore_invalid_headers on;
client_header_buffer_size 1k;
large_client_header_buffers 4 8k;
client_max_body_size 1m;
keepalive_requests 1000;
proxy_ignore_client_abort on;
proxy_max_temp_file_size 0;
proxy_next_upstream off;
map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
map $http_host $this_host {{ default $http_host; "" $host; }}
proxy_set_header Host $this_host;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection $connection_upgrade;
proxy_set_header X-Forwarded-For $remote_addr;
upstream pod {{ server 127.0.0.1:{pod}; keepalive 32; }}
server {{
  listen unix:{folder}/http default_server;
  location / {{ return 404; }}
}}
server {{
  listen unix:{folder}/http;
  server_name uri.test;
  location / {{ return 200 $uri; }}
}}
server {{
  listen unix:{folder}/http;
  server_name a.test;
  location / {{
    proxy_request_buffering {buffering};
    proxy_pass http://pod;
  }}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, pod: int, *, buffering: bool) -> AsyncIterator[Path]:
    """Its socket; requests for a.test go to port ``pod``. ``buffering``: bodies only when whole.

    It answers requests for uri.test itself, with the path that it compares with locations.
    """
    http = _HTTP.format(folder=folder, pod=pod, buffering="on" if buffering else "off")
    async with nginx_of(folder, http) as door:
        yield door
