"""X-Forwarded-For as nginx reads it (``real_ip_recursive on``, as ingress-nginx sets it)."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client
from support.waiting import until

from ingressd.proxy.client.client_address import Trust
from ingressd.routing.global_policy import ClientAddress

pytestmark = pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")

TRUSTED = ("10.0.0.0/8", "2001:db8::/32")
PEER = "10.0.0.1"
"""Who sends the list; to nginx it comes by a socket that has no address."""

ELEMENTS = (
    b"192.0.2.1", b"10.0.0.9", b"unknown", b"192.0.2.2:80", b"[2a00::1]:80", b"2001:db8::9",
    b"10.0.0.3:4444", b'"192.0.2.1"', b"fe80::1%eth0", b"192.0.2.300", b"192.0.2.1:65536",
)  # fmt: skip
LISTS = [
    *(b", ".join(each) for length in (1, 2) for each in itertools.product(ELEMENTS, repeat=length)),
    *(b",".join(each) for each in itertools.permutations(ELEMENTS[:5], 3)),
    b"192.0.2.1, ,, 10.0.0.9",
    b"192.0.2.1 , 10.0.0.9 ,",
]

CONFIGURATION = """
worker_processes 1; daemon off; error_log {0}/errors; pid {0}/pid; events {{}}
http {{
  access_log off; keepalive_requests 10000;
  client_body_temp_path {0}/1; proxy_temp_path {0}/2; fastcgi_temp_path {0}/3;
  uwsgi_temp_path {0}/4; scgi_temp_path {0}/5;
  real_ip_header X-Forwarded-For; real_ip_recursive on; set_real_ip_from unix:; {1}
  server {{ listen unix:{0}/socket; location / {{ return 200 $remote_addr; }} }}
}}
"""


@asynccontextmanager
async def nginx() -> AsyncIterator[Client]:
    """A connection to an nginx that answers with the client's address."""
    with tempfile.TemporaryDirectory() as folder:
        trusting = " ".join(f"set_real_ip_from {network};" for network in TRUSTED)
        file = Path(folder, "conf")
        await asyncio.to_thread(file.write_text, CONFIGURATION.format(folder, trusting))
        process = await asyncio.create_subprocess_exec(
            "nginx", "-c", str(file), "-e", f"{folder}/errors"
        )
        try:
            await until(Path(folder, "pid").exists)
            reader, writer = await asyncio.open_unix_connection(f"{folder}/socket")
            yield Client(reader, writer)
            writer.close()
        finally:
            process.terminate()
            await process.wait()


def ours(addresses: bytes) -> str:
    trust = Trust(ClientAddress(forwarded_headers=True, trusted=TRUSTED), 80)
    sender = trust.arrival(PEER, "http", None)
    field = (b"X-Forwarded-For", addresses)
    return trust.visitor(sender, [field], {b"x-forwarded-for": addresses}).remote


async def test_every_list_has_the_same_client() -> None:
    differences = {}
    async with nginx() as client:
        for addresses in LISTS:
            answer = await client.get(extra=b"X-Forwarded-For: %b\r\n" % addresses)
            theirs = answer.body.decode().replace("unix:", PEER)
            if theirs != ours(addresses):
                differences[addresses] = (theirs, ours(addresses))
    assert differences == {}
