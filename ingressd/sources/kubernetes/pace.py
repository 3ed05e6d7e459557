"""How long to wait: pure functions of what happened, so that many clients spread out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ingressd.sources.kubernetes.errors import (
    ApiError,
    KubernetesError,
    StreamGarbled,
    StreamStalled,
)

Uniform: TypeAlias = Callable[[float, float], float]
"""``random.uniform``, or a test's stand-in."""

LONGEST_OBEDIENCE = 300.0
"""Seconds; a Retry-After beyond it is a mistake."""

_NOT_FOR_US = frozenset({403, 404})
_GATEWAY_TIMEOUT = 504
_TOO_LARGE = "ResourceVersionTooLarge"


class Timing(Struct, frozen=True):
    """All waiting, in seconds.

    Pauses double from ``first_pause`` to ``longest_pause``. A collection that can be done without
    counts as empty once it has been refused for as long as our ``patience`` lasts: an API server
    that has just started forbids everything for a moment. A list that does not come in pages of
    ``page_size`` may take ``whole_list``, twice as long as an API server works on it by default
    (--request-timeout). A watch is asked to end after about ``watch_timeout``, and counts as
    stalled after ``idle_timeout`` of silence, in which a bookmark was due (an API server sends one
    a minute); one that lasted ``steady`` was good.
    """

    first_pause: float = 1.0
    longest_pause: float = 30.0
    patience: float = 10.0
    whole_list: float = 120.0
    watch_timeout: float = 300.0
    idle_timeout: float = 75.0
    steady: float = 5.0
    page_size: int = 500


DEFAULT_TIMING = Timing()


def pause_after(
    error: KubernetesError | None, failures: int, timing: Timing, uniform: Uniform
) -> float:
    """Seconds until the next attempt after this many failures in a row: exponential with full
    jitter, and never earlier than the server asks."""
    doubled = timing.first_pause * 2.0 ** min(failures - 1, 30)
    pause = uniform(0.0, min(timing.longest_pause, doubled))
    asked = error.retry_after if isinstance(error, ApiError) else None
    if asked is None:
        return pause
    return min(asked, LONGEST_OBEDIENCE) + uniform(0.0, timing.first_pause)


def watch_timeout(timing: Timing, uniform: Uniform) -> int:
    """``timeoutSeconds`` for one watch, so that the watches of many clients do not end together."""
    return max(1, round(timing.watch_timeout * uniform(0.9, 1.1)))


def is_refused(error: KubernetesError | None) -> bool:
    """Whether we may not read it, or the server does not have it at all."""
    return isinstance(error, ApiError) and error.status in _NOT_FOR_US


def is_gone(error: KubernetesError) -> bool:
    """Whether the server no longer knows our position (410, as a status or in an ERROR event)."""
    return isinstance(error, ApiError) and (
        error.status == 410 or error.reason in ("Gone", "Expired")
    )


def is_ahead(error: KubernetesError) -> bool:
    """Whether our position is one that the server has not reached: its etcd was restored from a
    backup. Before 1.18.6 only the text tells (client-go: isTooLargeResourceVersionError)."""
    return isinstance(error, ApiError) and (
        _TOO_LARGE in error.causes or "Too large resource version" in error.message
    )


def is_doubtful(error: KubernetesError) -> bool:
    """Whether the server is there, and the watch of our position nevertheless gives nothing: when
    that happens again it may be the position."""
    if isinstance(error, ApiError):
        return error.status == _GATEWAY_TIMEOUT
    return isinstance(error, StreamGarbled | StreamStalled)
