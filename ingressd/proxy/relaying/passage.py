"""How a request is passed on to the pods of an upstream: worked out once from a policy."""

from __future__ import annotations

from ingressd.proxy.bodies.reading import BodyReader
from ingressd.proxy.client.request import Request
from ingressd.proxy.relaying.exchange import Exchange, ExchangeMaker, WhenDone
from ingressd.proxy.upstream.balancing import Balancer
from ingressd.proxy.upstream.connection import UpstreamConnection
from ingressd.routing.policy import PodHttp, Policy, Timeouts

OPENING = b" HTTP/1.1\r\nHost: "
"""What stands between the target of a request and its host."""


class Passage:
    """What :class:`ingressd.proxy.relaying.forwarding.Forwarding` has to know.

    ``opening`` is as OPENING. ``screens``: pods' answers are looked at before clients get them, and
    ``intercepted`` are the statuses of which they get another page. ``is_single``: a request that
    fails is not sent again, so that it must not be lost. ``body_reader`` reads bodies before they
    are sent, None: they are passed on as they come.
    """

    __slots__ = (
        "balancer",
        "body_limit",
        "body_reader",
        "exchange",
        "intercepted",
        "is_single",
        "opening",
        "retries",
        "screens",
        "timeouts",
    )

    def __init__(
        self,
        policy: Policy,
        balancer: Balancer,
        exchange: ExchangeMaker,
        body_reader: BodyReader | None = None,
    ) -> None:
        http, after = policy.pod_http, policy.retries.after
        self.balancer = balancer
        self.body_limit = policy.body_limit
        self.body_reader = body_reader
        self.exchange = _last_of(exchange) if _closes(http) else exchange
        self.intercepted = intercepted(policy)
        self.is_single = after is not None and not after.error
        self.opening = _opening(http)
        self.retries = policy.retries
        self.screens = bool(self.intercepted or (after is not None and after.statuses))
        self.timeouts: Timeouts = policy.timeouts


def intercepted(policy: Policy) -> frozenset[int]:
    """The statuses of pods that are answered with another page."""
    pages = policy.error_pages
    return frozenset(pages.statuses if pages.of_pods else ())


def _opening(http: PodHttp) -> bytes:
    connection = http.connection or ("close" if _closes(http) else "")
    field = f"Connection: {connection}\r\n" if connection else ""
    return f" HTTP/{http.version}\r\n{field}Host: ".encode()


def _closes(http: PodHttp) -> bool:
    """Whether a connection ends after one request: HTTP/1.0 wants to be told otherwise."""
    return http.connection == "close" or (http.version == "1.0" and not http.connection)


def _last_of(exchange: ExchangeMaker) -> ExchangeMaker:
    """Exchanges each of which is the last of its connection."""

    def make(
        request: Request, connection: UpstreamConnection, timeouts: Timeouts, when_done: WhenDone
    ) -> Exchange:
        if not request.wants_upgrade:
            connection.wear_out()
        return exchange(request, connection, timeouts, when_done)

    return make
