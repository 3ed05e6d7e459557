"""The upstream of a request, and the answer where it has no endpoint."""

from __future__ import annotations

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.canaries import CanaryFilter
from ingressd.proxy.filters.filter import UNAVAILABLE, Refusal, RequestFilter, Stop, Wait
from ingressd.proxy.relaying.error_fields import ErrorFields
from ingressd.proxy.upstream.pod_tls import Security
from ingressd.proxy.upstream.pool import Pool
from ingressd.routing.model import Backend, Route, SecretMaterial, parse_upstream_key
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import DEFAULT_POD_TLS, PodProtocol, PodTls, Policy

INSECURE = Refusal(503)
"""No pod may get the request, and none of another Service may in their place."""


NOTHING_THERE = Refusal(404)
"""No path of the host is meant, and nothing takes the others."""


def find_upstream(route: Route, environment: Environment) -> RequestFilter | None:
    """For every route that leads somewhere; one without a backend has no endpoint."""
    if route.leads_nowhere:
        return None
    own = _with_canaries(route, environment)
    default = route.policy.default_backend
    if not default:
        return own
    stand_in = upstream_of(parse_upstream_key(default), route.policy, environment)
    return DefaultBackendFilter(own, stand_in, ErrorFields(route))


def lead_nowhere(route: Route, environment: Environment) -> RequestFilter | None:
    """For every other route: comes last, once the client has been let in."""
    return _not_found if route.leads_nowhere else None


def _not_found(request: Request, groups: Groups | None) -> Refusal:
    return NOTHING_THERE


def _with_canaries(route: Route, environment: Environment) -> RequestFilter:
    """Canaries are reached as the main backend is."""
    main = upstream_of(route.backend, route.policy, environment)
    if not route.alternatives:
        return main
    ways = [upstream_of(each.backend, route.policy, environment) for each in route.alternatives]
    return CanaryFilter(route, main, ways, environment.settings.affinity_key)


def upstream_of(backend: Backend | None, policy: Policy, environment: Environment) -> RequestFilter:
    """Finds the upstream of a backend, spoken to as a policy says; a backend of None has none."""
    if backend is None:
        return UpstreamFilter("", environment.pool)
    plain = UpstreamFilter(backend.upstream, environment.pool)
    if policy.pod_protocol is PodProtocol.HTTP:
        return plain
    secure = SecureUpstreamFilter(backend, policy.pod_tls or DEFAULT_POD_TLS, environment)
    if policy.pod_protocol is PodProtocol.HTTPS:
        return secure
    return SameSchemeFilter(plain, secure)


class UpstreamFilter:
    """Find the upstream of the route; 503 where it has no endpoint."""

    def __init__(self, key: str, pool: Pool) -> None:
        self._key = key
        self._find = pool.get

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Note the upstream on the request."""
        upstream = self._find(self._key)
        if upstream is None or not upstream.endpoints:
            return UNAVAILABLE
        request.upstream = upstream
        return None


class SecureUpstreamFilter:
    """Find the upstream of the route, with TLS; 503 where it has no endpoint, or where the Secret
    is missing without which nobody may be connected to.
    """

    def __init__(self, backend: Backend, settings: PodTls, environment: Environment) -> None:
        self._key = backend.upstream
        self._service_name = f"{backend.service}.{backend.namespace}.svc"
        self._settings = settings
        self._pool = environment.pool
        self._current = environment.current
        self._store = environment.securities
        self._made_of: SecretMaterial | None = None
        self._security = self._make(None)

    def __call__(self, request: Request, groups: Groups | None) -> Refusal | None:
        """Note the upstream on the request."""
        material = self._current.table.secrets.get(self._settings.secret)
        if material is not self._made_of:
            self._made_of = material
            self._security = self._make(material)
        if self._security is None:
            return INSECURE
        upstream = self._pool.secured(self._key, self._security)
        if upstream is None or not upstream.endpoints:
            return UNAVAILABLE
        request.upstream = upstream
        return None

    def _make(self, material: SecretMaterial | None) -> Security | None:
        context = self._store.context_for(self._settings, material)
        if context is None:
            return None
        return Security(context, self._settings, self._service_name)


class SameSchemeFilter:
    """Speak to pods as the client has spoken to us (ingress-nginx ``AUTO_HTTP``)."""

    def __init__(self, plain: RequestFilter, secure: RequestFilter) -> None:
        self._by_scheme = {"http": plain, "https": secure}

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        """Note the upstream on the request."""
        return self._by_scheme[request.client.scheme](request, groups)


class DefaultBackendFilter:
    """Let another upstream take requests where that of the route has no endpoint, and tell it so
    (ingress-nginx ``default-backend``). It is spoken to as the pods of the route are.
    """

    def __init__(self, own: RequestFilter, default: RequestFilter, fields: ErrorFields) -> None:
        self._own = own
        self._default = default
        self._fields = fields

    def __call__(self, request: Request, groups: Groups | None) -> Stop | Wait | None:
        """Note the upstream on the request."""
        stop = self._own(request, groups)
        if stop is not UNAVAILABLE or self._default(request, groups) is not None:
            return stop
        request.lines = self._fields.put(request, UNAVAILABLE.status)
        return None
