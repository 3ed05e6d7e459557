"""What a filter is: one step of a request on its way to a pod, or of an answer on its way back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ingressd.proxy.client.answer import Answer
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Refusal
from ingressd.routing.patterns import Groups

__all__ = ["UNAVAILABLE", "Refusal", "RequestFilter", "Stop", "Wait"]

Stop: TypeAlias = Answer | Refusal
"""The end of a request's way: it is answered here."""

Wait: TypeAlias = Callable[[], Awaitable[Stop | None]]
"""Is called, where a filter has to wait before it knows, in the task of the client's connection."""

RequestFilter: TypeAlias = Callable[[Request, Groups | None], Stop | Wait | None]
"""Lets a request pass (None), stops it, or has to wait; the groups are those of the route's
expression."""

UNAVAILABLE = Refusal(503)
