"""The TLS port under fire: what is no ClientHello, or half of one, and an honest client beside."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host
from support.certificates import CertificateAuthority
from support.clients import connect
from support.fuzzing.honest import Honest
from support.fuzzing.mutation import Stream
from support.fuzzing.numbering import Numbering, numbering
from support.fuzzing.watch import Watch
from support.proxies import proxy, route, upstream

PATIENCE = 30.0
"""Seconds after which something hangs."""

AUTHORITY = CertificateAuthority()
_LEAF = AUTHORITY.leaf("a.test").as_certificate()


class GreetingSide:
    """Tries streams on the TLS port of a data plane; nothing may come of them but an alert."""

    def __init__(self, port: int, pod: Numbering, watch: Watch) -> None:
        self._port = port
        self._pod = pod
        self._watch = watch
        self.honest = Honest(port, AUTHORITY.client_context())

    async def attempt(self, stream: Stream) -> str:
        """Send it and wait for the end of the connection; "" if all is as it should be."""
        self._pod.forget()
        try:
            async with asyncio.timeout(PATIENCE):
                received, wrong = await asyncio.gather(self._converse(stream), self.honest.ask())
        except TimeoutError:
            return "hangs"
        if self._watch.complaints:
            return f"a complaint in the log: {self._watch.complaints.pop()}"
        if b"HTTP/1.1 200" in received:
            return f"a request was answered without a handshake: {received[:80]!r}"
        return wrong

    async def _converse(self, stream: Stream) -> bytes:
        received = b""
        async with connect(self._port) as client:
            with suppress(ConnectionError):
                for piece in stream.pieces:
                    await client.send(piece)
                    await asyncio.sleep(0)
                client.writer.write_eof()
                while data := await client.reader.read(1 << 16):
                    received += data
        return received


def greeting(name: str, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bytes:
    """With what OpenSSL greets a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.maximum_version = newest
    outgoing = ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


@asynccontextmanager
async def greeting_side(watch: Watch) -> AsyncIterator[GreetingSide]:
    """A fresh data plane with a certificate, its pod and the client beside."""
    async with numbering() as pod, proxy(_table(pod.port)) as running:
        side = GreetingSide(running.tls_port, pod, watch)
        yield side
        await side.honest.leave()


def _table(port: int) -> Delta:
    host = Host("a.test", (route(),), has_tls=True)
    return Delta(
        1,
        reset=True,
        hosts=(host,),
        upstreams=(upstream([port]),),
        certificates=(_LEAF,),
        bindings={"a.test": _LEAF.fingerprint},
        default_certificate=_LEAF.fingerprint,
    )
