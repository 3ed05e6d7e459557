"""A real data plane in the test's own process, on free loopback ports."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec

from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.connection import ClientConnection
from ingressd.proxy.clock import Clock
from ingressd.proxy.current_table import CurrentTable
from ingressd.proxy.environment import Environment
from ingressd.proxy.inquiry.inquiries import Inquiries
from ingressd.proxy.limiting.memory import SINGLE
from ingressd.proxy.limiting.usage import Usage
from ingressd.proxy.mirroring.copies import Copies
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.passwords.checker import PasswordChecker
from ingressd.proxy.server import Proxy
from ingressd.proxy.settings import ProxySettings
from ingressd.proxy.upstream.endpoint import Dialer
from ingressd.proxy.upstream.pod_tls import SecurityStore
from ingressd.proxy.upstream.pool import Pool
from ingressd.proxy.upstream.resolver import Resolver
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import GlobalPolicy, Limits
from ingressd.routing.model import Backend, Endpoint, Host, PathKind, Route, Upstream
from ingressd.routing.policy import DEFAULT_POLICY, Buffering, Policy

BACKEND = Backend("default", "web", "80")
SETTINGS = ProxySettings(affinity_key=b"0123456789abcdef", access_log=False)


def route(
    path: str = "/",
    kind: PathKind = PathKind.PREFIX,
    *,
    host: str = "a.test",
    policy: Policy = DEFAULT_POLICY,
    backend: Backend | None = BACKEND,
) -> Route:
    return Route(host, path, kind, "default/web", "spec.rules[0].http.paths[0]", backend, policy)


def upstream(ports: Sequence[int], backend: Backend = BACKEND, **fields: object) -> Upstream:
    endpoints = tuple(Endpoint("127.0.0.1", port) for port in ports)
    return msgspec.structs.replace(Upstream(backend.upstream, endpoints), **fields)


STREAMED = Policy(body_limit=0, buffering=Buffering(requests=False))
"""Request bodies may be of any size, and are passed on as they come."""


def simple(ports: Sequence[int], policy: Policy = DEFAULT_POLICY, **fields: object) -> Delta:
    """A table with host a.test, everything below "/" to the given loopback ports."""
    host = Host("a.test", (route(policy=policy),))
    return Delta(1, reset=True, hosts=(host,), upstreams=(upstream(ports, **fields),))


def environment() -> Environment:
    """What the filters of a data plane share, with an empty table; in a running loop only."""
    loop = asyncio.get_running_loop()
    clock = Clock(loop)
    pool = Pool(Dialer(loop, clock, Resolver()))
    passwords = PasswordChecker(clock)
    inquiries = Inquiries()
    return Environment(
        SETTINGS,
        CurrentTable(),
        pool,
        clock,
        Usage(SINGLE),
        passwords,
        inquiries,
        TemporaryFiles(),
        Copies(inquiries.courier, Metrics()),
        SecurityStore(),
    )


def limited(delta: Delta, **limits: float) -> Delta:
    """The same table with other limits."""
    policy = GlobalPolicy(Limits(**limits))  # type: ignore[arg-type]
    return msgspec.structs.replace(delta, global_policy=policy)


@dataclass
class Running:
    """A proxy that serves on ``port`` (HTTP) and ``tls_port`` (HTTPS)."""

    proxy: Proxy
    port: int
    tls_port: int
    generation: int = field(default=1)

    def apply(self, delta: Delta) -> None:
        self.generation += 1
        self.proxy.apply(msgspec.structs.replace(delta, generation=self.generation))

    async def slow_client(self) -> ClientConnection:
        """The connection of a client, once a pod has more for it than it reads."""
        while True:
            for connection in self.proxy._front.client_connections():
                if connection.exchange is not None and connection.writing_paused:
                    return connection
            await asyncio.sleep(0)

    def set_endpoints(self, ports: Sequence[int]) -> None:
        self.apply(Delta(0, upstreams=(upstream(ports),)))


@asynccontextmanager
async def proxy(
    delta: Delta, settings: ProxySettings = SETTINGS, grace: float = 0.5
) -> AsyncIterator[Running]:
    http, https = _bound(), _bound()
    server = Proxy(settings)
    server.apply(delta)
    await server.start([http], [https])
    try:
        yield Running(server, http.getsockname()[1], https.getsockname()[1])
    finally:
        await server.stop(grace)
        http.close()
        https.close()


def _bound() -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    return sock
