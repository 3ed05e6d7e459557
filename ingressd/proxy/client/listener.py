"""Accept clients on sockets that are already bound, and shake hands with those that come by TLS.

The accept loop is our own for plain HTTP too: event loops give no way to pause theirs, uvloop's
accepts and drops connections when descriptors run out, and takes one in each turn only.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

from ingressd.proxy.client.client_hello import MAX_SIZE, ClientHello
from ingressd.proxy.client.greeting import NoProxyHeader, read_greeting, read_proxy_header
from ingressd.proxy.client.proxy_protocol import ProxyHeader
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.overload.headroom import require_tls_room
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy

_LOG = logging.getLogger(__name__)

BACKLOG = 4096  # what Linux allows by default (net.core.somaxconn)
_ACCEPTS_PER_WAKE = 16  # few, so that workers that share a socket get equal shares
_PAUSE = 0.05  # seconds until a full worker looks whether it may accept again
_STARVED_PAUSE = 0.1  # seconds until accepting is tried again after it failed
_SHUTDOWN_TIMEOUT = 2.0  # seconds for the peer's close_notify
_UNACKNOWLEDGED = 60_000  # milliseconds a client may leave our bytes unacknowledged
_COMPLAINT_INTERVAL = 60.0  # seconds between warnings of connections without a PROXY header
_RESERVED_DESCRIPTORS = 128  # listening sockets, logs, the channel to the supervisor, DNS

_UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x02\x70"  # a fatal alert, RFC 6066 section 3

ProtocolFactory: TypeAlias = Callable[[str, str | None, ProxyHeader | None], asyncio.Protocol]
"""Makes a protocol from the scheme ("http", "https"), the server name (SNI) and the PROXY header
with which the connection began."""

ContextChooser: TypeAlias = Callable[[ClientHello], ssl.SSLContext]
"""Picks the TLS context. What it raises costs the client its connection, and is logged."""

Welcome: TypeAlias = Callable[[socket.socket], Coroutine[Any, Any, object]]
"""Takes an accepted socket, until its connection has a protocol."""

Passing: TypeAlias = Callable[[ClientHello], Welcome | None]
"""What takes a TLS connection that does not end here, None for one that does."""


Affordable: TypeAlias = Callable[[int], int]
"""Of so many connections those for which there is enough of all else."""


def nothing_passes(hello: ClientHello) -> None:
    """Every TLS connection ends here."""


def affordable_connections(wanted: int) -> int:
    """``wanted``, or what RLIMIT_NOFILE allows when each has an upstream connection, and two
    temporary files, too."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (descriptors - _RESERVED_DESCRIPTORS) // 4))


class UnknownName(ConnectionRefusedError):
    """A client asks for a name for which there shall be no handshake."""


class Listener:
    """Accepts connections until closed; the sockets it listens on stay their owner's.

    ``global_policy`` is that of connections to come.

    Protocols count themselves in ``metrics.open_connections``, up in ``connection_made`` and down
    in ``connection_lost``: that is how the listener knows that there is room for another one.
    """

    def __init__(
        self,
        protocol_factory: ProtocolFactory,
        choose: ContextChooser,
        metrics: Metrics,
        passing: Passing = nothing_passes,
        affordable: Affordable = affordable_connections,
    ) -> None:
        self._protocol_factory = protocol_factory
        self._choose = choose
        self._passing = passing
        self._affordable = affordable
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._welcomes: dict[socket.socket, Welcome] = {}
        self._pending: set[asyncio.Task[object]] = set()
        self._resume: asyncio.TimerHandle | None = None
        self._is_starved = False
        self._next_complaint = 0.0
        self.adopt(DEFAULT_GLOBAL_POLICY)

    def adopt(self, policy: GlobalPolicy) -> None:
        """Use another policy from the next connection on."""
        self.global_policy = policy
        self._capacity = self._affordable(policy.limits.connections)
        self._handshakes = asyncio.Semaphore(policy.limits.tls_handshakes)

    @property
    def pending(self) -> int:
        """Connections that are accepted and have no protocol yet: most are shaking hands."""
        return len(self._pending)

    def accept_plain(self, listening: socket.socket) -> None:
        """Serve HTTP on a bound socket."""
        self._accept_on(listening, self._welcome_plain)

    def accept_tls(self, listening: socket.socket) -> None:
        """Serve HTTPS on a bound socket."""
        self._accept_on(listening, self._welcome_tls)

    def stop(self) -> None:
        """Accept no more. Handshakes under way are finished, connections stay."""
        self._pause()
        self._welcomes.clear()

    async def close(self) -> None:
        """Accept no more and give up handshakes under way. Connections stay."""
        self.stop()
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)

    # Accepting.

    def _accept_on(self, listening: socket.socket, welcome: Welcome) -> None:
        _prepare(listening)
        self._welcomes[listening] = welcome
        if self._resume is None:
            self._loop.add_reader(listening, self._accept_some, listening)

    def _accept_some(self, listening: socket.socket) -> None:
        room = self._capacity - self._metrics.open_connections - self.pending
        if room <= 0:
            self._pause_for(_PAUSE)
            return
        for _ in range(min(room, _ACCEPTS_PER_WAKE)):
            try:
                client, _address = listening.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError as error:
                self._starve(error)
                return
            self._is_starved = False
            self._begin(client, self._welcomes[listening])

    def _starve(self, error: OSError) -> None:
        """No connection can be had (EMFILE, as a rule): try again soon, without spinning."""
        if not self._is_starved:
            _LOG.error("cannot accept connections: %s; trying on", error)
        self._is_starved = True
        self._pause_for(_STARVED_PAUSE)

    def _pause_for(self, seconds: float) -> None:
        self._pause()
        self._resume = self._loop.call_later(seconds, self._unpause)

    def _pause(self) -> None:
        if self._resume is not None:
            self._resume.cancel()
            self._resume = None
        for listening in self._welcomes:
            self._loop.remove_reader(listening)

    def _unpause(self) -> None:
        self._resume = None
        for listening in self._welcomes:
            self._loop.add_reader(listening, self._accept_some, listening)

    def _begin(self, client: socket.socket, welcome: Welcome) -> None:
        task = self._loop.create_task(welcome(client))
        self._pending.add(task)
        task.add_done_callback(partial(self._end_welcome, client))

    def _end_welcome(self, client: socket.socket, task: asyncio.Task[object]) -> None:
        """Clients that leave, dawdle or speak another protocol are everyday; else it is our fault.

        Here and not in the task, which may be cancelled before its first step.
        """
        self._pending.discard(task)
        error = None if task.cancelled() else task.exception()
        if not task.cancelled() and error is None:
            return
        client.close()
        if isinstance(error, OSError):  # TimeoutError and ssl.SSLError are OSErrors
            _LOG.debug("a connection ended before its first request: %s", error)
        elif isinstance(error, MemoryError):
            self._metrics.memory_errors += 1
        elif error is not None:
            _LOG.error("a connection could not be taken", exc_info=error)

    # Welcoming one client.

    def _welcome_plain(self, client: socket.socket) -> Coroutine[Any, Any, object]:
        if self.global_policy.client_address.proxy_protocol:
            return self._welcome_proxied(client)
        return self._loop.connect_accepted_socket(self._plain_protocol, client)

    def _plain_protocol(self, header: ProxyHeader | None = None) -> asyncio.Protocol:
        return self._protocol_factory("http", None, header)

    async def _welcome_proxied(self, client: socket.socket) -> None:
        client.setblocking(False)
        async with asyncio.timeout(self.global_policy.limits.head_timeout):
            header = await self._proxy_header(client)
        await self._loop.connect_accepted_socket(partial(self._plain_protocol, header), client)

    async def _welcome_tls(self, client: socket.socket) -> None:
        client.setblocking(False)
        try:
            async with asyncio.timeout(self.global_policy.limits.tls_handshake_timeout):
                header = await self._proxy_header(client)
                hello = await read_greeting(client)
                passing = self._passing(hello)
                if passing is not None:
                    await passing(client)
                    return
                async with self._handshakes:
                    await self._shake_hands(client, hello, header)
        except Exception:
            self._metrics.tls_handshake_failures += 1
            raise

    async def _proxy_header(self, client: socket.socket) -> ProxyHeader | None:
        if not self.global_policy.client_address.proxy_protocol:
            return None
        try:
            return await read_proxy_header(client)
        except NoProxyHeader as error:
            self._complain(error)
            raise

    def _complain(self, error: NoProxyHeader) -> None:
        """Say so once in a while: as a rule all connections of a load balancer fail, or none."""
        now = self._loop.time()
        if now >= self._next_complaint:
            self._next_complaint = now + _COMPLAINT_INTERVAL
            _LOG.warning("use-proxy-protocol: a connection is closed, because %s", error)

    def _context(self, client: socket.socket, hello: ClientHello) -> ssl.SSLContext:
        try:
            return self._choose(hello)
        except UnknownName:
            client.recv(MAX_SIZE)  # closing with something unread would reset, and lose the alert
            client.send(_UNRECOGNIZED_NAME)
            raise

    async def _shake_hands(
        self, client: socket.socket, hello: ClientHello, header: ProxyHeader | None
    ) -> None:
        require_tls_room()
        await self._loop.connect_accepted_socket(
            lambda: self._protocol_factory("https", hello.server_name, header),
            client,
            ssl=self._context(client, hello),
            ssl_handshake_timeout=self.global_policy.limits.tls_handshake_timeout,
            ssl_shutdown_timeout=_SHUTDOWN_TIMEOUT,
        )


def _prepare(listening: socket.socket) -> None:
    """Listen, with options that accepted sockets inherit.

    They bound what no timer of ours sees: an answer that waits in the kernel for a client that
    acknowledges nothing, and a client that vanished while its tunnel idled.
    """
    listening.setblocking(False)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    listening.listen(BACKLOG)
