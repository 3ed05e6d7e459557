"""What can go wrong between us and the API server: one family, mapped from libraries here."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct

NOT_FOUND = 404
CONFLICT = 409
"""Somebody else changed the object meanwhile, or made one of this name."""

_SECONDS = re.compile(r"[0-9]{1,6}")


class KubernetesError(Exception):
    """The family."""


class NoApiServer(KubernetesError):
    """It is not known where the API server is, or who we are to it."""


class ApiUnreachable(KubernetesError):
    """No usable answer: refused, reset, timed out, or TLS failed."""


class ApiSilent(ApiUnreachable):
    """Nothing came within the time that an answer may take."""


class StreamStalled(ApiUnreachable):
    """A connection on which nothing comes any more."""


class StreamGarbled(KubernetesError):
    """What comes is not what an API server sends."""


class Unreadable(KubernetesError):
    """We may not read, or the server does not have, what nothing can be done without."""


class ApiError(KubernetesError):
    """An answer that refuses. ``reason`` is ``Status.reason`` ("Conflict", "NotFound", ...), and
    ``retry_after`` the seconds that the server asks to wait, None where it asks nothing.
    ``causes`` are the reasons in ``Status.details.causes``."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        retry_after: float | None = None,
        *,
        causes: tuple[str, ...] = (),
    ) -> None:
        super().__init__(f"{status} {reason}: {message}" if message else f"{status} {reason}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.causes = causes


class _Cause(Struct, frozen=True):
    reason: str = ""


class _Details(Struct, frozen=True, rename="camel"):
    retry_after_seconds: float | None = None
    causes: tuple[_Cause, ...] | None = None


class Status(Struct, frozen=True):
    """``Status`` (meta/v1): the body of every refusal, and the object of an ERROR event."""

    code: int = 0
    reason: str = ""
    message: str = ""
    details: _Details | None = None

    def as_error(self) -> ApiError:
        """The refusal that it describes."""
        details = self.details or _Details()
        causes = tuple(cause.reason for cause in details.causes or ())
        return ApiError(
            self.code, self.reason, self.message, details.retry_after_seconds, causes=causes
        )


def refusal(status: int, phrase: str, headers: Mapping[str, str], body: bytes) -> ApiError:
    """The error in an answer; not every refusal (a proxy's, an overloaded server's) is a Status."""
    try:
        told = msgspec.json.decode(body, type=Status)
    except msgspec.DecodeError:
        told = Status(message=body[:200].decode(errors="replace").strip())
    error = told.as_error()
    asked = headers.get("Retry-After", "")
    retry_after = float(asked) if _SECONDS.fullmatch(asked) else error.retry_after
    return ApiError(status, told.reason or phrase, told.message, retry_after, causes=error.causes)
