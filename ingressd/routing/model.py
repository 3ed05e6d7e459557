"""The compiled model: hosts with their routes, upstreams with their endpoints, secrets."""

from __future__ import annotations

from enum import Enum
from sys import intern

from msgspec import Struct

from ingressd.routing.policy import (
    DEFAULT_HOST_POLICY,
    DEFAULT_POLICY,
    DEFAULT_UPSTREAM_POLICY,
    CanaryPolicy,
    CookieAffinity,
    HostPolicy,
    Policy,
    UpstreamPolicy,
)

CATCH_ALL = ""
"""Name of the host that takes every request no other host takes."""

EVERY_HOST = "*"
"""In the place of a host's name: the route is that of many hosts. No host is called so."""


class PathKind(Enum):
    """How a route's path is compared. REGEX is anchored at the start and ignores case. UNMATCHED is
    not compared: it stands for what no path of a host takes, and without a backend answers 404."""

    EXACT = "Exact"
    PREFIX = "Prefix"
    REGEX = "Regex"
    UNMATCHED = "Unmatched"


class Backend(Struct, frozen=True, gc=False):
    """What an Ingress names as the target: a Service of its namespace and one of its ports."""

    namespace: str
    service: str
    port: str

    @property
    def upstream(self) -> str:
        """Key of the upstream that stands behind this backend."""
        return intern(f"{self.namespace}/{self.service}:{self.port}")  # kept by all who refer to it


def parse_upstream_key(key: str) -> Backend:
    """The backend whose :attr:`Backend.upstream` is ``key``."""
    namespace, _, rest = key.partition("/")
    service, _, port = rest.rpartition(":")
    return Backend(namespace, service, port)


class Alternative(Struct, frozen=True, gc=False, omit_defaults=True):
    """A canary: a backend that takes a part of the requests of a route, as ``policy`` says.

    ``ingress`` and ``field`` are as those of a route. ``affinity`` keeps its clients on endpoints.
    """

    ingress: str
    field: str
    backend: Backend
    policy: CanaryPolicy
    affinity: CookieAffinity | None = None


class Route(Struct, frozen=True, gc=False, omit_defaults=True):
    """One compiled rule.

    ``path`` is normalised (see :mod:`ingressd.routing.paths`), or a regular expression for
    PathKind.REGEX. ``ingress`` is ``namespace/name`` and ``field`` the place in that object
    (``spec.rules[0].http.paths[1]``). A route with no ``backend`` answers 503, or 404 where it
    ``leads_nowhere``. ``alternatives`` are asked in their order which requests are theirs.
    """

    host: str
    path: str
    kind: PathKind
    ingress: str
    field: str
    backend: Backend | None = None
    policy: Policy = DEFAULT_POLICY
    alternatives: tuple[Alternative, ...] = ()

    @property
    def leads_nowhere(self) -> bool:
        """Whether there is nothing at its paths, instead of something that cannot be reached."""
        is_unmatched = self.kind is PathKind.UNMATCHED and self.backend is None
        return is_unmatched and not self.policy.is_closed


class Host(Struct, frozen=True, gc=False, omit_defaults=True):
    """All that is known of one host: an exact name, ``*.parent``, or the catch-all "".

    ``routes`` stand in the order in which they win (see the matcher). ``fallback`` takes what no
    route takes; without it, that is as :func:`ingressd.routing.unmatched.unmatched_route` says.
    ``has_tls`` is whether any Ingress of the host has ``spec.tls``.
    """

    name: str
    routes: tuple[Route, ...] = ()
    fallback: Route | None = None
    has_tls: bool = False
    policy: HostPolicy = DEFAULT_HOST_POLICY

    @property
    def rules(self) -> tuple[Route, ...]:
        """The routes that somebody has asked for: those of paths, and of a default backend."""
        fallback = self.fallback
        if fallback is None or fallback.kind is PathKind.UNMATCHED:
            return self.routes
        return (*self.routes, fallback)


class Endpoint(Struct, frozen=True, gc=False):
    """Where a request can be sent. ``address`` is an IP literal or, for ExternalName, a name."""

    address: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class Upstream(Struct, frozen=True, gc=False, omit_defaults=True):
    """One Service port and the endpoints that may take a request now, sorted.

    ``unavailable`` says why there is none ("Service default/web does not exist"). ``external``
    marks an ExternalName Service: its endpoint is a DNS name, resolved at connect time.
    ``client_ip_timeout`` (seconds, 0 = off) is the Service's ``sessionAffinity: ClientIP``.
    """

    key: str
    endpoints: tuple[Endpoint, ...] = ()
    unavailable: str = ""
    external: bool = False
    client_ip_timeout: int = 0
    policy: UpstreamPolicy = DEFAULT_UPSTREAM_POLICY


class Certificate(Struct, frozen=True, gc=False):
    """A certificate chain and its key, PEM. ``repr`` leaves the key out.

    ``fingerprint`` is the SHA-256 of chain and key, hex: equal ones need no new TLS context.
    ``names`` are the DNS names it covers, ``not_after`` is seconds since the epoch, ``secret`` is
    ``namespace/name``, or "" for the one made at start.
    """

    fingerprint: str
    chain: bytes
    private_key: bytes
    names: tuple[str, ...]
    not_after: float
    secret: str = ""

    def __repr__(self) -> str:
        return f"Certificate({self.fingerprint[:12]}, names={self.names!r}, secret={self.secret!r})"


class SecretMaterial(Struct, frozen=True, gc=False):
    """What policies need of one Secret; they hold its ``key`` (``namespace/name``) alone.

    ``entries`` are those keys of the Secret that are asked for, as far as it has them. ``version``
    is their SHA-256, hex, for whoever keeps what it made of them; it must not be shown, since short
    values can be guessed from it. ``repr`` gives the key only.
    """

    key: str
    version: str
    entries: dict[str, bytes]

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [("key", self.key)]

    def __repr__(self) -> str:
        return f"SecretMaterial({self.key!r})"
