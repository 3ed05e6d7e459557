"""A data plane whose only route asks a service before its pod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from msgspec import structs

from ingressd.routing.policy import DEFAULT_POLICY, ExternalAuth, Policy, Timeouts
from support.clients import Client, Response, connect
from support.pods import Pod, Script, echo, pod
from support.proxies import proxy, simple


def answer(status: int, fields: bytes = b"", body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Said\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields, len(body), body)


def policy(port: int, timeouts: Timeouts = DEFAULT_POLICY.timeouts, **auth: object) -> Policy:
    service = structs.replace(ExternalAuth(f"http://127.0.0.1:{port}/verify?x=1"), **auth)
    return Policy(external_auth=service, timeouts=timeouts)


@dataclass
class Guarded:
    """The service, the pod, and a connection of a client."""

    service: Pod
    web: Pod
    client: Client

    async def get(self, path: bytes = b"/", extra: bytes = b"") -> Response:
        return await self.client.get(path, extra=extra)


@asynccontextmanager
async def guarded(script: Script, web: Script = echo, **auth: object) -> AsyncIterator[Guarded]:
    async with pod(script) as service, pod(web) as behind:
        delta = simple([behind.port], policy(service.port, **auth))  # type: ignore[arg-type]
        async with proxy(delta) as running, connect(running.port) as client:
            yield Guarded(service, behind, client)
