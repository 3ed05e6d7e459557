"""The settings of the whole data plane: what the ConfigMap of ingress-nginx says for all routes.

They travel with the table and may change while a worker serves. Per-route defaults are not here:
they are part of each route's policy.
"""

from __future__ import annotations

from msgspec import Struct

from ingressd.routing.policy import DEFAULT_POLICY, Policy


class Limits(Struct, frozen=True, omit_defaults=True):
    """Bounds on what one client may cost. Sizes in bytes, times in seconds.

    ``head`` bounds a request line and its fields together, ``head_timeout`` the time from a head's
    first byte to its last (``client-header-timeout``), ``body_timeout`` a pause within a body
    (``client-body-timeout``). A connection that waits for its next request for ``keep_alive`` is
    closed, and with 0 after each answer. ``connections`` are a worker's open client connections
    (``max-worker-connections``); more wait in the kernel's queue. ``tls_handshakes`` run at a time;
    more wait in ours.
    """

    request_line: int = 16 * 1024
    header_field: int = 32 * 1024
    header_count: int = 128
    head: int = 64 * 1024
    head_timeout: float = 60.0
    body_timeout: float = 60.0
    keep_alive: float = 75.0
    keep_alive_requests: int = 1000
    connections: int = 16384
    tls_handshakes: int = 1024
    tls_handshake_timeout: float = 10.0


class ClientAddress(Struct, frozen=True, omit_defaults=True):
    """How the address of a client is learnt when it comes through other proxies.

    ``proxy_protocol``: every connection begins with a PROXY header (``use-proxy-protocol``).
    ``trusted`` are networks in CIDR notation whose PROXY headers and, with ``forwarded_headers``
    (``use-forwarded-headers``), whose X-Forwarded-* fields are believed (``proxy-real-ip-cidr``);
    none by default. With ``real_ip`` alone (``enable-real-ip``) only the client's address is. That
    stands in the field ``header`` (``forwarded-for-header``).
    ``append``: pods get the whole list of addresses instead of the client's alone
    (``compute-full-forwarded-for``).
    """

    proxy_protocol: bool = False
    forwarded_headers: bool = False
    real_ip: bool = False
    trusted: tuple[str, ...] = ()
    header: str = "X-Forwarded-For"
    append: bool = False


class StrictTransport(Struct, frozen=True, omit_defaults=True):
    """Strict-Transport-Security on https answers (RFC 6797; ``hsts*``). Seconds."""

    max_age: int = 31536000
    include_subdomains: bool = True
    preload: bool = False


class ClientTls(Struct, frozen=True, omit_defaults=True):
    """TLS with clients: ``versions`` of TLSv1.2 and TLSv1.3 (``ssl-protocols``), and ``ciphers``,
    OpenSSL's names for TLS 1.2, "" for ours (``ssl-ciphers``). ``rejects_unknown``: no handshake
    for a name that no Ingress has, or for none (``ssl-reject-handshake``).
    """

    versions: tuple[str, ...] = ("TLSv1.2", "TLSv1.3")
    ciphers: str = ""
    rejects_unknown: bool = False


class HttpsRedirect(Struct, frozen=True, omit_defaults=True):
    """The redirect to https: its status (``http-redirect-code``), and how paths begin that are not
    redirected (``no-tls-redirect-locations``): authorities ask for challenges over http.
    """

    status: int = 308
    exempt: tuple[str, ...] = ("/.well-known/acme-challenge",)


class Blocklists(Struct, frozen=True, omit_defaults=True):
    """Requests that are answered 403. Clients in ``networks`` (CIDR notation; ``block-cidrs``) get
    that where a route has no list of its own. ``user_agents`` (``block-user-agents``) and
    ``referers`` (``block-referers``), in the words of
    :mod:`ingressd.routing.deciding.blocking`, get it whatever they ask for.
    """

    networks: tuple[str, ...] = ()
    user_agents: tuple[str, ...] = ()
    referers: tuple[str, ...] = ()


class UpstreamKeepAlive(Struct, frozen=True, omit_defaults=True):
    """Idle connections to pods: how many a worker keeps for one endpoint, for how many seconds, for
    how many requests and how long in all (``upstream-keepalive-*``).

    ``idle`` stays below the keep-alive timeout of common servers, of which Node's 5 s is the
    shortest.
    """

    connections: int = 320
    idle: float = 4.0
    requests: int = 10000
    age: float = 3600.0


class AccessLogPolicy(Struct, frozen=True, omit_defaults=True):
    """What the access log says: nothing at all without ``is_on`` (``disable-access-log``), and
    nothing of requests for one of ``skipped``, path and query in any case
    (``skip-access-log-urls``)."""

    is_on: bool = True
    skipped: tuple[str, ...] = ()


class GlobalPolicy(Struct, frozen=True, omit_defaults=True):
    """All settings that hold for every route and connection. ``default_backend`` is the key of the
    upstream that gives the pages for errors where a route names none, "" for ours. Of every answer
    ``answer_fields`` are set (``add-headers``), of every request to a pod ``pod_fields``
    (``proxy-set-headers``): names and texts with variables. ``unmatched`` is the policy of paths
    that no rule of their host takes, where its Ingresses ask for nothing else. With
    ``underscored_fields`` pods get fields of requests with an underscore in their name, too
    (``enable-underscores-in-headers``)."""

    limits: Limits = Limits()
    client_address: ClientAddress = ClientAddress()
    upstream_keep_alive: UpstreamKeepAlive = UpstreamKeepAlive()
    strict_transport: StrictTransport | None = StrictTransport()
    https_redirect: HttpsRedirect = HttpsRedirect()
    client_tls: ClientTls = ClientTls()
    blocklists: Blocklists = Blocklists()
    default_backend: str = ""
    access_log: AccessLogPolicy = AccessLogPolicy()
    answer_fields: tuple[tuple[str, str], ...] = ()
    pod_fields: tuple[tuple[str, str], ...] = ()
    unmatched: Policy = DEFAULT_POLICY
    underscored_fields: bool = False


DEFAULT_GLOBAL_POLICY = GlobalPolicy()
