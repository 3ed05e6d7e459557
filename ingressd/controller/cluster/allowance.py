"""How much may be written: a token bucket that is told the time."""

from __future__ import annotations


class TokenBucket:
    """Holds at most ``burst`` tokens and gains ``rate`` of them a second."""

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._filled_at = now

    def take(self, now: float) -> bool:
        """Take a token if there is one."""
        self._fill(now)
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def give_back(self) -> None:
        """A token was not needed after all."""
        self._tokens = min(self._burst, self._tokens + 1)

    def reserve(self, now: float) -> float:
        """Take a token, of the future if need be; seconds to wait until it is there."""
        self._fill(now)
        self._tokens -= 1
        return max(0.0, -self._tokens / self._rate)

    def _fill(self, now: float) -> None:
        gained = (now - self._filled_at) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._filled_at = now
