"""What goes wrong between a writer and the API server: said once, counted always."""

from __future__ import annotations

import logging
from collections import Counter

from ingressd.sources.kubernetes.errors import ApiError, KubernetesError

_log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
_TRANSIENT = (408, 429)
_SERVER_FAULT = 500


class Failures:
    """Owner of the counts by writer ("election", "status", "events"), and of what is known."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._said: dict[str, str] = {}

    def note(self, what: str, error: Exception) -> None:
        """One more. Logged when the writer worked before, or failed for another reason."""
        self.counts[what] += 1
        reason = reason_of(error)
        if self._said.get(what) != reason:
            self._said[what] = reason
            _log.warning("%s: %s", what, str(error) or type(error).__name__)

    def clear(self, what: str) -> None:
        """It worked."""
        if self._said.pop(what, None) is not None:
            _log.info("%s: works again", what)


def reason_of(error: Exception) -> str:
    """What tells one failure from another: texts may hold names and times that differ each time."""
    return error.reason if isinstance(error, ApiError) else type(error).__name__


def is_transient(error: KubernetesError) -> bool:
    """Whether the same request may succeed later, with nothing changed."""
    if not isinstance(error, ApiError):
        return True
    return error.status in _TRANSIENT or error.status >= _SERVER_FAULT


class Backoff:
    """How long to leave the API server alone. Failures of requests that were under way together
    are one."""

    def __init__(self) -> None:
        self._attempt = 0
        self._until = 0.0

    def fail(self, error: KubernetesError, now: float) -> None:
        """A request failed: wait twice as long as last time, or what the server asks for."""
        if now < self._until:
            return
        self._attempt += 1
        doubling = FIRST_PAUSE * 2.0 ** min(self._attempt - 1, 10)
        asked = error.retry_after if isinstance(error, ApiError) else None
        self._until = now + min(LONGEST_PAUSE, max(asked or 0.0, doubling))

    def succeed(self) -> None:
        """A request got its answer."""
        self._attempt = 0

    def left(self, now: float) -> float:
        """Seconds until the next request may be sent."""
        return max(0.0, self._until - now)
