"""A new ingressd takes the place of one that runs, on the same ports: what it is given, and what
the two say to each other.

It is a child of the old one and inherits the listening sockets; the clients that wait in their
queues are then both's, so none is lost whoever ends. The two may be of different versions.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import subprocess
from collections.abc import MutableMapping, Sequence
from contextlib import ExitStack

import msgspec
from msgspec import Struct

from ingressd.workers.sockets import CannotListen, Inherited
from ingressd.workers.worker import meaning_of

log = logging.getLogger(__name__)

CHANNEL_VARIABLE = "INGRESSD_PREDECESSOR"
"""Holds the descriptor of the channel to the old process; only in the environment of the new."""

LAST_WORDS_SECONDS = 5.0
"""For which a process that has closed its channel may still exit by itself."""

_READY, _LEAVE = b"ready", b"leave"
_LONGEST_PACKET = 128 * 1024  # thousands of descriptors


class Inheritance(Struct, frozen=True):
    """The first packet: descriptors of listening sockets by what they serve, and the key of
    affinity cookies (b"" for none yet), which is in no ``repr``.

    Fields may be added, with a default; none may change, because another version reads them.
    """

    http: tuple[int, ...]
    https: tuple[int, ...]
    admin: tuple[int, ...]
    affinity_key: bytes = b""

    def __repr__(self) -> str:
        return f"Inheritance(http={self.http}, https={self.https}, admin={self.admin}, ...)"


class SuccessorGone(Exception):
    """The new process does not serve and never will; the message says how that showed."""


class Successor:
    """The new process, as the old one sees it."""

    def __init__(self, process: subprocess.Popen[bytes], channel: socket.socket) -> None:
        self._process = process
        self._channel = channel

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    async def ready(self) -> None:
        """Wait until every worker of it serves. Raises SuccessorGone."""
        loop = asyncio.get_running_loop()
        try:
            said = await loop.sock_recv(self._channel, _LONGEST_PACKET)
        except ConnectionError:  # it never read what it was given
            said = b""
        if said != _READY:
            raise SuccessorGone(await asyncio.to_thread(self._end))

    def _end(self) -> str:
        try:
            return f"it ended with {meaning_of(self._process.wait(LAST_WORDS_SECONDS))}"
        except subprocess.TimeoutExpired:
            return "it closed its channel"

    async def dismiss(self, patience: float) -> None:
        """Ask it to leave, and end it where it has not after ``patience`` seconds.

        Cancelling ends it now.
        """
        try:
            self._channel.send(_LEAVE)
            await asyncio.to_thread(self._process.wait, patience)
        except ConnectionError:
            log.debug("the new process (pid %d) is gone already", self.pid)
        except subprocess.TimeoutExpired:
            log.warning("the new process (pid %d) is killed: it does not leave", self.pid)
        finally:
            self._process.kill()
            self._process.wait()
            self._channel.close()


def start_successor(command: Sequence[str], left: Inherited, affinity_key: bytes) -> Successor:
    """Run ``command`` with what we leave to it. Raises OSError."""
    inheritance = Inheritance(
        http=_descriptors(left.http),
        https=_descriptors(left.https),
        admin=_descriptors(left.admin),
        affinity_key=affinity_key,
    )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ExitStack() as undo, theirs:
        undo.enter_context(ours)
        ours.setblocking(False)
        ours.send(msgspec.msgpack.encode(inheritance))
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            env={**os.environ, CHANNEL_VARIABLE: str(theirs.fileno())},
            pass_fds=(
                theirs.fileno(),
                *inheritance.http,
                *inheritance.https,
                *inheritance.admin,
            ),
        )
        undo.pop_all()
    return Successor(process, ours)


class Predecessor:
    """The old process, as the new one sees it, and what it left."""

    def __init__(self, channel: socket.socket, sockets: Inherited, affinity_key: bytes) -> None:
        self.sockets = sockets
        self.affinity_key = affinity_key
        self._channel = channel

    def announce(self) -> None:
        """Say that we serve: from now on the old process accepts nothing more, and ends."""
        try:
            self._channel.send(_READY)
        except ConnectionError:
            log.info("the process that was to be replaced is gone already")

    def close(self) -> None:
        """Say nothing more, and hear nothing."""
        self._channel.close()

    async def dismissal(self) -> None:
        """Wait until the old process wants to serve on without us; for ever if it never does."""
        loop = asyncio.get_running_loop()
        try:
            said = await loop.sock_recv(self._channel, _LONGEST_PACKET)
        except ConnectionError:
            said = b""
        if said != _LEAVE:
            await loop.create_future()  # it is gone, and the place is ours


def find_predecessor(environment: MutableMapping[str, str]) -> Predecessor | None:
    """Who started us to take its place, None if nobody did; ``environment`` is rid of the trace.

    Raises CannotListen where what it left cannot be had.
    """
    number = environment.pop(CHANNEL_VARIABLE, None)
    if number is None:
        return None
    with ExitStack() as undo:
        try:
            channel = undo.enter_context(_adopt(int(number)))
            left = msgspec.msgpack.decode(channel.recv(_LONGEST_PACKET), type=Inheritance)
            sockets = _adopted(left)
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            reason = f"{CHANNEL_VARIABLE}={number} leads to no ingressd that could be replaced"
            raise CannotListen(f"{reason} ({error}): unset it") from error
        undo.pop_all()
    return Predecessor(channel, sockets, left.affinity_key)


def _adopted(left: Inheritance) -> Inherited:
    http, https, admin = (tuple(map(_adopt, each)) for each in (left.http, left.https, left.admin))
    return Inherited(http, https, admin)


def _descriptors(sockets: Sequence[socket.socket]) -> tuple[int, ...]:
    return tuple(each.fileno() for each in sockets)


def _adopt(descriptor: int) -> socket.socket:
    """A socket that we inherited and that none of our children shall, unless told so."""
    adopted = socket.socket(fileno=descriptor)
    adopted.set_inheritable(False)
    adopted.setblocking(False)
    return adopted
