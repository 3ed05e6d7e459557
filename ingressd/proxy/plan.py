"""What happens to the requests of one route, worked out once from its policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Protocol, TypeVar

from ingressd.proxy.bodies.reading import body_reader
from ingressd.proxy.client.request import Request
from ingressd.proxy.client.roles import Edit, FixedEdits
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters import (
    basic_auth,
    blocking,
    client_certificates,
    conditions,
    cors,
    endpoints,
    external_auth,
    fields,
    mirroring,
    pod_answers,
    pod_host,
    rate_limits,
    redirect,
    signin,
)
from ingressd.proxy.filters.filter import RequestFilter
from ingressd.proxy.filters.strict_transport import strict_transport
from ingressd.proxy.relaying.buffering import BufferedExchange, Storage
from ingressd.proxy.relaying.error_backend import error_backend
from ingressd.proxy.relaying.exchange import Exchange, ExchangeMaker
from ingressd.proxy.relaying.pacing import Pace, PacedExchange
from ingressd.proxy.relaying.passage import Passage
from ingressd.proxy.upstream.balancing import (
    Balancer,
    ChoiceBalancer,
    CookieBalancer,
    ServiceAffinity,
)
from ingressd.routing.model import Route
from ingressd.routing.policy import CookieAffinity

Builder = Callable[[Route, Environment], RequestFilter | None]
"""Makes a filter for a route, or None where its policy asks for none."""

REQUEST_FILTERS: tuple[Builder, ...] = (
    client_certificates.demand_certificate,
    blocking.block_user_agents,
    blocking.block_referers,
    conditions.deny_paths,
    cors.cors_preflight,
    conditions.redirect_if,
    redirect.fixed_redirect,
    redirect.rewrite_redirect,
    redirect.tls_redirect,
    client_certificates.refuse_plain,
    redirect.path_rewrite,
    endpoints.find_upstream,
    pod_host.name_pod_host,
    rate_limits.limit_rate,
    rate_limits.limit_connections,
    external_auth.drop_claims,
    signin.access_or_signin,
    basic_auth.hide_password,
    mirroring.mirror,
    fields.pod_fields,
    endpoints.lead_nowhere,
)
"""Every filter in the order in which they act: ingress-nginx's request phase order."""


class PlannedEdit(Protocol):
    """An edit that is known in advance; ``is_fixed``: it does not depend on the request."""

    is_fixed: bool

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines as they are to be."""
        ...


EditBuilder = Callable[[Route, Environment], PlannedEdit | None]

ANSWER_EDITS: tuple[EditBuilder, ...] = (cors.cors_fields, fields.answer_fields)
"""What is changed in the head of every answer, whoever gave it, in this order."""

POD_EDITS: tuple[EditBuilder, ...] = (pod_answers.hide_fields, pod_answers.rewrite_fields)
"""What is changed in the head of a pod's answer only; comes before the others."""

TLS_EDITS: tuple[EditBuilder, ...] = (strict_transport,)
"""What is changed in the head of every answer over TLS for a name that has it; comes between the
two.
"""

SERVICE_AFFINITY = ServiceAffinity()

_F = TypeVar("_F")


class RoutePlan(Passage):
    """A route with its filters in the order in which they act, and how it leads on.

    ``edits`` are two: those of the head of each answer, and those of an answer from a pod.
    ``tls_edits`` are the same for who comes over TLS, and to a name that has it. ``stand_in``
    answers in the place of error pages.
    """

    __slots__ = ("edits", "filters", "route", "stand_in", "tls_edits")

    def __init__(self, route: Route, environment: Environment) -> None:
        balancer, exchange = _balancer(route, environment), exchange_maker(route, environment)
        super().__init__(route.policy, balancer, exchange, body_reader(route, environment))
        if route.leads_nowhere:
            self.body_limit = 0  # nobody reads bodies there
        self.route = route
        self.filters = tuple(_built(REQUEST_FILTERS, route, environment))
        plain = tuple(_built(ANSWER_EDITS, route, environment))
        secure = (*_built(TLS_EDITS, route, environment), *plain)
        of_pods = tuple(_built(POD_EDITS, route, environment))
        self.edits = plain, _joined(of_pods, plain)
        self.tls_edits = secure, _joined(of_pods, secure)
        self.stand_in = error_backend(route, environment)


def _built(
    builders: tuple[Callable[[Route, Environment], _F | None], ...],
    route: Route,
    environment: Environment,
) -> Iterator[_F]:
    made = (build(route, environment) for build in builders)
    return (each for each in made if each is not None)


def _joined(*parts: tuple[PlannedEdit, ...]) -> tuple[Edit, ...]:
    edits = tuple(chain(*parts))
    return FixedEdits(edits) if all(edit.is_fixed for edit in edits) else edits


def exchange_maker(route: Route, environment: Environment) -> ExchangeMaker:
    """What relays the answers of a route: only a limited one pays for being paced. Its pods wait
    for its clients, whether or not answers may wait here."""
    bandwidth, buffering = route.policy.bandwidth, route.policy.buffering
    if bandwidth.rate:
        return partial(PacedExchange, Pace(bandwidth, environment.clock))
    if buffering.answers:
        storage = Storage(buffering, environment.files, environment.clock)
        return partial(BufferedExchange, storage)
    return Exchange


def _balancer(route: Route, environment: Environment) -> Balancer:
    usual = _keeper(route, route.policy.affinity, environment)
    others = {
        alternative.backend.upstream: _keeper(route, alternative.affinity, environment)
        for alternative in route.alternatives
        if alternative.affinity != route.policy.affinity
    }
    return ChoiceBalancer(usual, others) if others else usual


def _keeper(route: Route, affinity: CookieAffinity | None, environment: Environment) -> Balancer:
    if affinity is None:
        return SERVICE_AFFINITY
    return CookieBalancer(affinity, route.path, environment.settings.affinity_key)
