"""One child's life as the supervisor sees it: spawned, fed, watched, gone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from ingressd.proxy.limiting.memory import ALONE, Place
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.proxy.settings import ProxySettings
from ingressd.workers.backlog import Backlog
from ingressd.workers.channel import BrokenChannel, Channel, open_channel
from ingressd.workers.messages import (
    Applied,
    Drain,
    Fatal,
    Heartbeat,
    Measure,
    Measured,
    Report,
    Start,
    Stop,
    Withdraw,
)
from ingressd.workers.sockets import Listeners

log = logging.getLogger(__name__)

Parting: TypeAlias = Drain | Withdraw | Stop
"""A step towards the end of a worker."""


class WorkerSettings(Struct, frozen=True):
    """How workers are kept. Times in seconds.

    A worker is replaced after ``heartbeat_timeout`` without a heartbeat, and killed when it has not
    exited ``exit_margin`` after the grace it was given to stop. ``measure_timeout`` is how long a
    scrape waits for a worker's counters before it takes the last ones.
    """

    proxy: ProxySettings
    heartbeat_interval: float = 1.0
    heartbeat_timeout: float = 10.0
    measure_timeout: float = 1.0
    exit_margin: float = 5.0


class WorkerGone(Exception):
    """The worker can no longer be talked to; the message says how that showed."""


class _ChannelEnded(WorkerGone):
    """The worker closed its end: it exits, or has exited, by itself."""


class Worker:
    """A child process; its state is what it reported last."""

    def __init__(
        self, place: Place, listeners: Listeners, settings: WorkerSettings, backlog: Backlog
    ) -> None:
        self.index = place.index
        self.lag = 0.0
        self.memory = self.memory_limit = 0
        self.snapshot = Snapshot()
        self._place = place
        self._listeners = listeners
        self._settings = settings
        self._backlog = backlog
        self._process: Process | None = None
        self._channel: Channel[Report] | None = None
        self._unsaid: list[Parting] = []
        self._heard = asyncio.Event()
        self._measured = asyncio.Event()

    @property
    def pid(self) -> int:
        """The child's process id, 0 before it is spawned."""
        return self._process.pid if self._process else 0

    async def run(self) -> str:
        """Spawn the child and live with it until it is gone; returns how that showed.

        Cancelling kills the child. Raises OSError where it cannot be spawned.
        """
        start = self._start()  # before anybody can close the listeners
        ours = await self._spawn()
        try:
            channel: Channel[Report] = await open_channel(ours, Report)  # type: ignore[arg-type]
        except BaseException:
            ours.close()
            await self._reap(0)
            raise
        return await self._live(channel, start)

    async def _live(self, channel: Channel[Report], start: Start) -> str:
        patience = 0.0
        try:
            self._greet(channel, start)
            gone = await self._converse(channel)
            patience = self._settings.exit_margin if isinstance(gone, _ChannelEnded) else 0.0
            return str(gone)
        finally:
            self._channel = None
            self._measured.set()
            try:
                await self._reap(patience)
            finally:
                await channel.close()

    def _greet(self, channel: Channel[Report], start: Start) -> None:
        """The start comes first, then what was to be said while the child was spawned."""
        for command in (start, *self._unsaid):
            channel.post(command)
        self._channel = channel

    async def _converse(self, channel: Channel[Report]) -> BaseException:
        """Feed, hear and watch the child until one of the three finds it gone."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._feed(channel))
                tasks.create_task(self._listen(channel))
                tasks.create_task(self._watch())
        except* WorkerGone as group:
            gone = group.exceptions[0]
        return gone

    def tell(self, command: Parting) -> None:
        """Send a command, at the latest when the child is spawned; one that is gone needs none."""
        if self._channel is not None:
            self._channel.post(command)
        else:
            self._unsaid.append(command)

    async def measure(self) -> Snapshot:
        """The worker's counters now, or its last ones where it does not answer in time."""
        if self._channel is not None:
            self._measured.clear()
            self._channel.post(Measure())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.measure_timeout):
                    await self._measured.wait()
        return self.snapshot

    def _start(self) -> Start:
        return Start(
            settings=self._settings.proxy,
            http=tuple(each.fileno() for each in self._listeners.http),
            https=tuple(each.fileno() for each in self._listeners.https),
            heartbeat_interval=self._settings.heartbeat_interval,
            place=self._place,
        )

    async def _spawn(self) -> socket.socket:
        """Start the child; returns our end of its channel."""
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.callback(ours.close)
            with theirs:
                self._process = await self._execute(theirs.fileno())
            undo.pop_all()
        return ours

    async def _execute(self, descriptor: int) -> Process:
        """Start the child with its end of the channel, the listening sockets and the memory."""
        inherited = [descriptor, *(each.fileno() for each in self._listeners.all)]
        if self._place.memory != ALONE:
            inherited.append(self._place.memory)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ingressd.workers.process",
            str(descriptor),
            stdin=asyncio.subprocess.DEVNULL,
            env=_inherited_environment(os.environ),
            pass_fds=inherited,
        )

    async def _feed(self, channel: Channel[Report]) -> None:
        """Send the table and its deltas as fast as the worker takes them."""
        try:
            while True:
                await channel.send_frame((await self._backlog.next()).frame)
        except ConnectionError as error:
            raise _ChannelEnded("it closed its channel") from error

    async def _listen(self, channel: Channel[Report]) -> None:
        try:
            while (report := await channel.receive()) is not None:
                self._heard.set()
                self._note(report)
        except BrokenChannel as error:
            raise WorkerGone(f"it sent what is no report: {error}") from error
        raise _ChannelEnded("it closed its channel")

    def _note(self, report: Report) -> None:
        match report:
            case Applied(generation):
                self._backlog.confirm(generation)
            case Heartbeat(_, lag, memory, memory_limit):
                self.lag, self.memory, self.memory_limit = lag, memory, memory_limit
            case Measured(snapshot):
                self.snapshot = snapshot
                self._measured.set()
            case Fatal(message):
                log.error("worker %d (pid %d): %s", self.index, self.pid, message)

    async def _watch(self) -> None:
        """Raise WorkerGone once nothing was heard for too long."""
        timeout = self._settings.heartbeat_timeout
        while True:
            self._heard.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._heard.wait()
            except TimeoutError as error:
                raise WorkerGone(f"no heartbeat for {timeout:g} s") from error

    async def _reap(self, patience: float) -> None:
        """Wait for the child to exit, ``patience`` seconds at most, then kill it."""
        assert self._process is not None
        try:
            async with asyncio.timeout(patience):
                await self._process.wait()
        except TimeoutError:
            log.warning("worker %d (pid %d) is killed", self.index, self.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            code = await self._process.wait()
        log.info("worker %d (pid %d) ended with %s", self.index, self.pid, meaning_of(code))


def _inherited_environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a child gets of our environment: no flags, of which one is a secret. It is told."""
    return {name: value for name, value in ours.items() if not name.startswith("INGRESSD_")}


def meaning_of(code: int) -> str:
    """What the return code of a child says (subprocess.Popen.returncode)."""
    return f"signal {-code}" if code < 0 else f"exit code {code}"
