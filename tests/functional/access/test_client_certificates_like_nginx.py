"""Certificates of clients beside a real nginx: who passes, and what is said about them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority, KeyPair
from support.clients import Client, Response, connect
from support.nginx import needs_nginx, nginx
from support.pods import echo, pod
from support.proxies import proxy, route, upstream
from support.tls_pods import material

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from ingressd.routing.policy import ClientCertificates, HostPolicy, VerifyClient

pytestmark = needs_nginx

AUTHORITY = CertificateAuthority()
SERVER = AUTHORITY.leaf("a.test")
LOWER = CertificateAuthority("Lower", AUTHORITY)
LOWEST = CertificateAuthority("Lowest", LOWER)
DEEP = LOWEST.leaf("deep")
CLIENTS: dict[str, KeyPair | None] = {
    "none": None,
    "good": AUTHORITY.leaf("jane"),
    "odd": AUTHORITY.leaf('#a, "b"+c;d<e>\\f'),
    "unknown": CertificateAuthority("Somebody else").leaf("mallory"),
    "expired": AUTHORITY.leaf("old", expired=True),
    "deep": KeyPair(DEEP.chain + LOWEST.pem + LOWER.pem, DEEP.private_key, ("deep",), 0),
    "incomplete": DEEP,
}
FIELDS = ("verify", "subject-dn", "issuer-dn", "cert")
VARIABLES = "$ssl_client_verify|$ssl_client_s_dn|$ssl_client_i_dn|$ssl_client_escaped_cert"


@asynccontextmanager
async def real(folder: Path, verify: str) -> AsyncIterator[Path]:
    (folder / "chain").write_bytes(SERVER.chain)
    (folder / "key").write_bytes(SERVER.private_key)
    (folder / "ca").write_bytes(AUTHORITY.pem)
    directives = f"""
      listen unix:{folder}/tls ssl;
      ssl_certificate {folder}/chain;
      ssl_certificate_key {folder}/key;
      ssl_client_certificate {folder}/ca;
      ssl_verify_client {verify};
      ssl_verify_depth 1;
      return 200 "{VARIABLES}";
    """
    async with nginx(folder, server=directives):
        yield folder / "tls"


async def ask_real(door: Path, context: ssl.SSLContext) -> Response:
    reader, writer = await asyncio.open_unix_connection(
        str(door), ssl=context, server_hostname="a.test"
    )
    try:
        return await Client(reader, writer).get()
    finally:
        writer.close()


def ours(port: int, verify: str) -> Delta:
    wanted = ClientCertificates("default/pods", VerifyClient(verify), pass_to_upstream=True)
    certificate = SERVER.as_certificate()
    return Delta(
        1,
        reset=True,
        hosts=(Host("a.test", (route(),), policy=HostPolicy(client_certificates=wanted)),),
        upstreams=(upstream([port]),),
        certificates=(certificate,),
        default_certificate=certificate.fingerprint,
        secrets=(material(AUTHORITY),),
    )


@pytest.mark.parametrize("verify", [each.value for each in VerifyClient])
async def test_clients_are_told_the_same_and_so_are_pods(tmp_path: Path, verify: str) -> None:
    async with (
        real(tmp_path, verify) as door,
        pod(echo) as web,
        proxy(ours(web.port, verify)) as running,
    ):
        for name, pair in CLIENTS.items():
            context = AUTHORITY.client_context(pair)
            expected = await ask_real(door, context)
            async with connect(running.tls_port, tls=context, server_name="a.test") as client:
                answer = await client.get()
            assert answer.status == expected.status, name
            if expected.status != 200:
                title = answer.body.strip()
                assert title in expected.body
                continue
            told = [web.requests[-1].value(b"ssl-client-%b" % f.encode()) or b"" for f in FIELDS]
            assert b"|".join(told) == expected.body, name
