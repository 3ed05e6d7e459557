"""How long to wait: pure functions of what happened, so that many clients spread out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct

from ingressd.sources.kubernetes.errors import ApiError, KubernetesError

Uniform: TypeAlias = Callable[[float, float], float]
"""``random.uniform``, or a test's stand-in."""

LONGEST_OBEDIENCE = 300.0
"""Seconds; a Retry-After beyond it is a mistake."""

_NOT_FOR_US = frozenset({403, 404})


class Timing(Struct, frozen=True):
    """All waiting, in seconds.

    Pauses double from ``first_pause`` to ``longest_pause``, or to ``longest_refusal`` where we are
    forbidden. After ``patience`` refusals a collection counts as empty: an API server that has just
    started forbids everything for a moment. A watch is asked to end after about ``watch_timeout``,
    and counts as stalled after ``idle_timeout`` of silence; one that lasted ``steady`` was good.
    """

    first_pause: float = 1.0
    longest_pause: float = 30.0
    longest_refusal: float = 300.0
    patience: int = 3
    watch_timeout: float = 300.0
    idle_timeout: float = 120.0
    steady: float = 5.0
    page_size: int = 500


DEFAULT_TIMING = Timing()


def pause_after(
    error: KubernetesError | None, failures: int, timing: Timing, uniform: Uniform
) -> float:
    """Seconds until the next attempt after this many failures in a row: exponential with full
    jitter, and never earlier than the server asks."""
    longest = timing.longest_refusal if is_refused(error) else timing.longest_pause
    pause = uniform(0.0, min(longest, timing.first_pause * 2.0 ** min(failures - 1, 30)))
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
