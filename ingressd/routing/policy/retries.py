"""When a request is sent to another pod."""

from __future__ import annotations

from msgspec import Struct


class RetryAfter(Struct, frozen=True, gc=False, omit_defaults=True):
    """The failures of a pod after which another one is asked, and no others.

    ``error``: there was no connection, or it broke before an answer. ``timeout``: connecting,
    sending or answering took too long. ``invalid_header``: the answer could not be read.
    ``statuses`` are answers that are not good enough. ``non_idempotent``: also where the request
    was sent and must not be carried out twice.
    """

    error: bool = False
    timeout: bool = False
    invalid_header: bool = False
    statuses: tuple[int, ...] = ()
    non_idempotent: bool = False


class Retries(Struct, frozen=True, omit_defaults=True):
    """How often a request is tried, and why again.

    ``after`` None is what is always safe: a request that was not sent, or that is idempotent and
    met a used connection as its pod closed it. ``non_idempotent`` lifts the latter condition.
    ``tries`` counts the first, 0 is each endpoint once. No try begins later than ``timeout``
    seconds after the first, 0 for no limit.
    """

    after: RetryAfter | None = None
    non_idempotent: bool = False
    tries: int = 3
    timeout: float = 0.0


DEFAULT_RETRIES = Retries()
