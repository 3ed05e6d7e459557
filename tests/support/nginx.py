"""A real nginx, to compare with: it listens on a socket in a folder, so it needs no port."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from support.clients import Client
from support.processes import started

PROGRAM = shutil.which("nginx", path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin") or ""
needs_nginx = pytest.mark.skipif(
    not PROGRAM, reason="nginx is not installed (apt-get install nginx)"
)

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
  proxy_http_version 1.1;
  {http}
}}
"""


@asynccontextmanager
async def nginx(folder: Path, *, http: str = "", server: str) -> AsyncIterator[Path]:
    """The socket of an nginx with these directives in ``http`` and its only ``server``."""
    only = f"server {{ listen unix:{folder}/http; {server} }}"
    async with nginx_of(folder, f"{http}\n{only}") as door:
        yield door


@asynccontextmanager
async def nginx_of(folder: Path, http: str) -> AsyncIterator[Path]:
    """The same with these directives in ``http``, whose servers listen on the socket ``http`` of
    the folder."""
    settings = folder / "nginx.conf"
    settings.write_text(_SETTINGS.format(folder=folder, http=http))
    door = folder / "http"
    async with started([PROGRAM, "-p", str(folder), "-c", str(settings)]) as process:
        while not await _is_open(door):
            assert process.returncode is None, "nginx did not start"
        yield door


@asynccontextmanager
async def connect_to(door: Path) -> AsyncIterator[Client]:
    """A connection to an nginx."""
    reader, writer = await asyncio.open_unix_connection(door, limit=1 << 20)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def _is_open(door: Path) -> bool:
    try:
        async with connect_to(door):
            return True
    except OSError:
        await asyncio.sleep(0.01)
        return False
