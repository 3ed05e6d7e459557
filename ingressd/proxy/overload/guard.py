"""Watches the memory of a worker once a second, so that no request has to."""

from __future__ import annotations

import logging
from typing import Protocol

from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.metrics import Metrics
from ingressd.proxy.overload.gauge import Reading, Use
from ingressd.proxy.overload.pressure import SHED_ABOVE, Pressure

_LOG = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks."""

USUAL_CONNECTION = 56 * 1024
"""Bytes that a client's connection takes as a rule: with TLS and idle, as most are. Without TLS it
is a tenth of that, and while it is served it may be more: requests are refused when many do."""


class Gauge(Protocol):
    """What :class:`ingressd.proxy.overload.gauge.MemoryGauge` is to a guard."""

    def read(self) -> Reading:
        """The figures now."""

    def close(self) -> None:
        """Read no more."""


class Measures(Protocol):
    """What :class:`ingressd.proxy.overload.relief.Relief` is to a guard."""

    def begin(self) -> None:
        """Refuse requests from now on, and give back."""

    def go_on(self) -> None:
        """Close some of what waits."""

    def end(self) -> None:
        """Serve again."""

    def held(self) -> int:
        """Bytes that clients may hold, at most."""


class MemoryGuard:
    """Decides when requests are refused for lack of memory; ``deadline`` is the clock's.

    ``memory`` is what is resident, as it was read last.
    """

    def __init__(self, gauge: Gauge, relief: Measures, clock: Clock, metrics: Metrics) -> None:
        self._gauge = gauge
        self._relief = relief
        self._clock = clock
        self._metrics = metrics
        self._pressures = (Pressure("--worker-memory-limit"), Pressure("RLIMIT_AS"))
        self._reading = gauge.read()
        self._is_shedding = False
        self._shed_before = self._errors_told = 0
        self._room, self._least = float("inf"), ""
        self.deadline = 0.0

    @property
    def memory(self) -> Use:
        """What is held in memory, and may be."""
        return self._reading.resident

    def start(self) -> None:
        """Begin to watch. What is in use now is what the worker needs without any client."""
        self._reading = self._gauge.read()
        for pressure, use in self._judged:
            self._learn(pressure, use, use.used)
        self._room, self._least = min((p.room(use), p.sort) for p, use in self._judged)
        self._clock.watch(self)

    def stop(self) -> None:
        """Watch no more."""
        self._clock.unwatch(self)
        self._gauge.close()

    def affordable(self, wanted: int) -> int:
        """``wanted`` connections, or as many as fit into what the start left of the memory; that is
        not known before. What is in use later is no measure: much of it is that of connections."""
        if wanted * USUAL_CONNECTION <= self._room:
            return wanted
        most = int(self._room) // USUAL_CONNECTION
        _LOG.info(
            "%d connections (max-worker-connections) may take %s, and %s leaves them %s: %d are "
            "accepted at a time, others wait; a higher limit of memory admits more",
            *(wanted, _shown(wanted * USUAL_CONNECTION), self._least, _shown(self._room), most),
        )
        return most

    def expire(self) -> None:
        """Look again (the clock calls this)."""
        self.deadline = self._clock.now + INTERVAL
        self._reading = self._gauge.read()
        self._answer_errors()
        for pressure, use in self._judged:
            pressure.judge(use)
        if any(pressure.is_high for pressure in self._pressures):
            self._shed()
        elif self._is_shedding:
            self._end()

    @property
    def _judged(self) -> tuple[tuple[Pressure, Use], ...]:
        return tuple(zip(self._pressures, self._reading, strict=True))

    def _shed(self) -> None:
        had_begun = self._is_shedding
        if not had_begun:
            self._begin()
        self._relief.go_on()
        if had_begun:
            self._learn_own()

    def _begin(self) -> None:
        self._is_shedding = True
        self._shed_before = self._metrics.shed
        for pressure, use in self._judged:
            if pressure.is_high:
                _LOG.warning(
                    "memory runs out: %s of %s (%s); requests are refused with 503",
                    *(_shown(use.used), _shown(use.limit), pressure.sort),
                )
        self._relief.begin()

    def _end(self) -> None:
        self._is_shedding = False
        self._relief.end()
        refused = self._metrics.shed - self._shed_before
        used = _shown(self.memory.used)
        _LOG.info("memory suffices again: %s; %d requests were refused", used, refused)

    def _learn_own(self) -> None:
        """No refusal would ever help against what no client holds. What could be given back has
        been by now."""
        self._reading = self._gauge.read()
        held = self._relief.held()
        for pressure, use in self._judged:
            if pressure.is_high:
                self._learn(pressure, use, use.used - held)

    def _learn(self, pressure: Pressure, use: Use, own: int) -> None:
        was_cramped = bool(pressure.own) and pressure.is_cramped(use)
        pressure.own = max(pressure.own, own)
        if pressure.is_cramped(use) and not was_cramped:
            _LOG.error(
                "a worker takes %s for itself, and %s of %s leaves no room for clients: requests "
                "are refused above %s only; raise the limit, or let there be fewer --workers",
                *(_shown(pressure.own), pressure.sort, _shown(use.limit)),
                _shown(SHED_ABOVE * pressure.limit(use)),
            )

    def _answer_errors(self) -> None:
        """Once for all of an interval: there may be thousands. What has gone is given back, for it
        may be what the next ones lack."""
        failed = self._metrics.memory_errors - self._errors_told
        self._errors_told += failed
        if failed:
            _LOG.error("memory could not be had %d times; connections were ended for it", failed)
            self._relief.go_on()


def _shown(size: float) -> str:
    return f"{size / (1 << 20):.0f} MiB"
