"""A service that is asked whether a request may pass."""

from __future__ import annotations

from msgspec import Struct


class Remembered(Struct, frozen=True, gc=False):
    """For how many ``seconds`` a decision with one of these statuses is remembered; without any
    status, one with any."""

    statuses: tuple[int, ...]
    seconds: float


DEFAULT_REMEMBERED = (Remembered((200, 202, 401), 300.0),)


class ExternalAuth(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whom to ask, how, and what becomes of the decision. Without ``url`` nobody is asked.

    ``url``, ``signin``, ``request_redirect``, ``cache_key`` and the values of ``headers`` are texts
    with variables (see :mod:`ingressd.routing.variables`). ``method`` "" is GET, and tells the
    service less. Who is not let in is sent to ``signin``, with where to go afterwards in
    ``signin_parameter``; without it the answer is 401. ``response_headers`` of the decision reach
    the pod, and clients cannot set them. Cookies of the decision reach the client where the answer
    is a good one, or with ``always_set_cookie`` any. Decisions for which ``cache_key`` is the same
    are made once in the time that ``remembered`` says, in which the first entry counts.
    """

    url: str = ""
    method: str = ""
    signin: str = ""
    signin_parameter: str = "rd"
    request_redirect: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    response_headers: tuple[str, ...] = ()
    always_set_cookie: bool = False
    cache_key: str = ""
    remembered: tuple[Remembered, ...] = DEFAULT_REMEMBERED
