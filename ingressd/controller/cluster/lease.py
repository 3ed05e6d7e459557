"""Who may lead, read from a Lease (coordination.k8s.io/v1) as client-go does it: clocks of two
machines are never compared, only how long a Lease has not been written to, as seen from here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeAlias

from msgspec import Struct, structs

SPREAD = 0.2
"""Share of a retry period by which waits differ."""


class Timing(Struct, frozen=True):
    """client-go's classic, in seconds.

    A leader that could not renew for ``renew_deadline`` stops, which is before anybody may take
    over. What lies between is for clocks that run at different speeds, and for requests that are
    under way when a leader stops.
    """

    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    @property
    def longest_period(self) -> float:
        """Seconds between two looks at a Lease, at most: waits are spread to not be in step."""
        return self.retry_period * (1 + SPREAD)


class LeaseSpec(Struct, frozen=True, rename="camel", omit_defaults=True):
    """``Lease.spec``. A Lease that was released has no holder."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None

    @property
    def duration(self) -> float:
        """Seconds that the holder claims; 0 where it claims nothing."""
        return float(self.lease_duration_seconds or 0)


class Lease(Struct, frozen=True, rename="camel", kw_only=True):
    """A Lease. ``metadata`` goes back as it came, ``resourceVersion`` included: of two writers one
    fails with 409."""

    api_version: str = "coordination.k8s.io/v1"
    kind: str = "Lease"
    metadata: dict[str, Any]
    spec: LeaseSpec = LeaseSpec()

    @property
    def exists(self) -> bool:
        """Whether it was read from the API server."""
        return "resourceVersion" in self.metadata

    @property
    def holder(self) -> str:
        """Identity of the replica that leads, "" when none does."""
        return self.spec.holder_identity or ""


class Observation(Struct, frozen=True):
    """A Lease, and when (our clock, seconds) this version of it was first seen."""

    lease: Lease
    since: float


class Acquire(Struct, frozen=True):
    """The Lease is free: try to take it."""


class Renew(Struct, frozen=True):
    """The Lease is ours: keep it."""


class Wait(Struct, frozen=True):
    """Another replica leads, and is not overdue before ``until`` (our clock)."""

    holder: str
    until: float


Decision: TypeAlias = Acquire | Renew | Wait


def observe(lease: Lease, previous: Observation | None, now: float) -> Observation:
    """Every write makes a new version, so a holder that is alive is seen to be."""
    if previous is not None and previous.lease == lease:
        return previous
    return Observation(lease, now)


def decide(observation: Observation | None, me: str, now: float, timing: Timing) -> Decision:
    """What ``me`` may do about a Lease; None is one that does not exist.

    A renewal may have happened one look before it is seen. Counting that as passed, a leader that
    dies is replaced within the duration of its Lease.
    """
    if observation is None or not observation.lease.holder:
        return Acquire()
    if observation.lease.holder == me:
        return Renew()
    overdue = observation.lease.spec.duration - timing.longest_period
    until = observation.since + overdue
    return Acquire() if now >= until else Wait(observation.lease.holder, until)


def held(lease: Lease, me: str, clock: float, timing: Timing) -> Lease:
    """The Lease as taken or renewed by ``me`` at ``clock``, seconds since the epoch.

    The times are for people only. A new holder is a transition.
    """
    spec = lease.spec
    is_renewal = lease.holder == me
    is_transition = not is_renewal and bool(spec.renew_time)
    renewed = structs.replace(
        spec,
        holder_identity=me,
        lease_duration_seconds=max(1, round(timing.lease_duration)),
        acquire_time=spec.acquire_time if is_renewal else _micro_time(clock),
        renew_time=_micro_time(clock),
        lease_transitions=(spec.lease_transitions or 0) + is_transition,
    )
    return structs.replace(lease, spec=renewed)


def released(lease: Lease, clock: float) -> Lease:
    """The Lease as given up: whoever sees it may take it at once."""
    spec = structs.replace(
        lease.spec, holder_identity=None, lease_duration_seconds=1, renew_time=_micro_time(clock)
    )
    return structs.replace(lease, spec=spec)


def unwritten(namespace: str, name: str) -> Lease:
    """A Lease that does not exist yet."""
    return Lease(metadata={"name": name, "namespace": namespace})


def _micro_time(clock: float) -> str:
    """meta/v1 MicroTime: RFC 3339 in UTC with exactly six decimals."""
    return datetime.fromtimestamp(clock, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
