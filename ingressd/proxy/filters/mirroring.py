"""Requests of which somebody gets a copy (ingress-nginx ``mirror-*``).

As in nginx it is made once the request is let in and, where that is copied too, its body is here.
"""

from __future__ import annotations

from functools import partial

from ingressd.proxy.bodies.reading import BodyReader, body_reader
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Refusal
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.filter import Wait
from ingressd.proxy.mirroring.copies import Copies
from ingressd.proxy.mirroring.copying import CopyMaker
from ingressd.proxy.relaying.failure_status import FAILURE_STATUS
from ingressd.proxy.variables import lookup_in
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import Mirror


def mirror(route: Route, environment: Environment) -> MirrorFilter | None:
    """For a policy that names somebody."""
    asked = route.policy.mirror
    if asked is None:
        return None
    reader = body_reader(route, environment) if asked.sends_body else None
    return MirrorFilter(route, asked, reader, environment.copies)


class MirrorFilter:
    """Send a copy of each request; an upgrade is none that could be copied."""

    def __init__(
        self, route: Route, asked: Mirror, reader: BodyReader | None, copies: Copies
    ) -> None:
        self._route = route
        self._reader = reader
        self._maker = CopyMaker(asked)
        self._copies = copies

    def __call__(self, request: Request, groups: Groups | None) -> Wait | None:
        """Copy it now, or once its body has come."""
        if request.wants_upgrade:
            return None
        if self._reader is not None and request.streams_body:
            return partial(self._read_and_copy, request, self._reader)
        self._copy(request)
        return None

    async def _read_and_copy(self, request: Request, reader: BodyReader) -> Refusal | None:
        failure = await reader.read(request)
        if failure is not None:
            return Refusal(FAILURE_STATUS[failure])
        if request.streams_body and request.body_file is None:
            self._copies.lose("there is no place for a body that does not fit into memory")
        else:
            self._copy(request)
        return None

    def _copy(self, request: Request) -> None:
        """Whatever is wrong with the copy is no concern of the request's."""
        if not self._copies.has_room:
            self._copies.lose("too many are under way")
            return
        try:
            copy = self._maker.make(request, lookup_in(request, self._route))
        except (ValueError, OSError) as error:
            self._copies.lose(str(error))
            return
        self._copies.send(copy, self._route.policy.timeouts)
