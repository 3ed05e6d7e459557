"""A real nginx, set up as ingress-nginx does it, in front of a pod of ours."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.processes import started

PROGRAM = shutil.which("nginx", path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin") or ""

_SETTINGS = """\
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr crit;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  underscores_in_headers off;
  ignore_invalid_headers on;
  client_header_buffer_size 1k;
  large_client_header_buffers 4 8k;
  client_max_body_size 1m;
  keepalive_requests 1000;
  proxy_http_version 1.1;
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
}}
"""


@asynccontextmanager
async def nginx(folder: Path, pod: int, *, buffering: bool) -> AsyncIterator[Path]:
    """Its socket; requests for a.test go to port ``pod``. ``buffering``: bodies only when whole.

    It answers requests for uri.test itself, with the path that it compares with locations.
    """
    settings = _prepare(folder, pod, buffering)
    door = folder / "http"
    async with started([PROGRAM, "-p", str(folder), "-c", settings]) as process:
        while not await _is_open(door):
            assert process.returncode is None, "nginx did not start"
            await asyncio.sleep(0.01)
        yield door


def _prepare(folder: Path, pod: int, buffering: bool) -> str:
    folder.mkdir()
    settings = folder / "nginx.conf"
    settings.write_text(
        _SETTINGS.format(folder=folder, pod=pod, buffering="on" if buffering else "off")
    )
    return str(settings)


async def _is_open(door: Path) -> bool:
    try:
        _, writer = await asyncio.open_unix_connection(door)
    except OSError:
        return False
    writer.close()
    return True
