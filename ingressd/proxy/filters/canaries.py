"""Which requests of a route go to a canary."""

from __future__ import annotations

from collections.abc import Sequence
from random import random

from ingressd.proxy.client.request import Request
from ingressd.proxy.filters.filter import RequestFilter, Stop, Wait
from ingressd.proxy.headers import cookie
from ingressd.proxy.upstream.affinity import group_hash
from ingressd.proxy.upstream.balancing import group_in
from ingressd.routing.deciding.canaries import Canary, decide_canary, draw_canary
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups


class CanaryFilter:
    """Find the upstream of a request: that of a canary, or the main one. The latter takes what is
    meant for a canary without endpoints; where it has none itself, no canary stands in for it.

    ``main`` finds the main one, ``ways`` that of each canary. ``secret`` keys hashes of upstreams.
    """

    def __init__(
        self, route: Route, main: RequestFilter, ways: Sequence[RequestFilter], secret: bytes
    ) -> None:
        self._main = main
        self._canaries = tuple(map(Canary, route.alternatives))
        self._ways = dict(zip(self._canaries, ways, strict=True))
        self._kept = _KeptClients(route, self._canaries, secret)

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        """Note the upstream on the request."""
        stop = self._main(request, groups)
        if stop is not None:
            return stop
        canary = self._choose(request)
        if canary is not None:
            self._ways[canary](request, groups)  # which stops those without endpoints: they stay
        return None

    def _choose(self, request: Request) -> Canary | None:
        is_kept, canary = self._kept.by_cookie(request)
        if is_kept:
            return canary
        decision = decide_canary(
            self._canaries,
            lambda name: field_value(request, name.encode()),
            lambda name: cookie_value(request, name.encode()),
        )
        return decision.canary or draw_canary(decision.undecided, random())


class _KeptClients:
    """Clients whose affinity cookie says where they were before: with the main backend or with a
    canary. That goes before everything else."""

    def __init__(self, route: Route, canaries: Sequence[Canary], secret: bytes) -> None:
        main = route.policy.affinity
        self._by_cookie: dict[bytes, dict[str, Canary | None]] = {}
        if main is not None and route.backend is not None:
            self._keep(main.name, group_hash(secret, route.backend.upstream), None)
        for canary in canaries:
            alternative = canary.alternative
            if alternative.policy.is_sticky and alternative.affinity is not None:
                group = group_hash(secret, alternative.backend.upstream)
                self._keep(alternative.affinity.name, group, canary)

    def _keep(self, name: str, group: str, canary: Canary | None) -> None:
        self._by_cookie.setdefault(name.encode(), {}).setdefault(group, canary)

    def by_cookie(self, request: Request) -> tuple[bool, Canary | None]:
        """Whether a client is kept, and with which canary; None is the main backend."""
        for name, canaries in self._by_cookie.items():
            group = group_in(cookie(request.lines, name))
            if group in canaries:
                return True, canaries[group]
        return False, None


def field_value(request: Request, name: bytes) -> str | None:
    """A header field, its values joined as nginx does where it came more than once."""
    values = [value for key, value in request.message.raw_headers if key.lower() == name]
    return b", ".join(values).decode("utf-8", "surrogateescape") if values else None


def cookie_value(request: Request, name: bytes) -> str | None:
    """A cookie."""
    value = cookie(request.lines, name)
    return None if value is None else value.decode("utf-8", "surrogateescape")
