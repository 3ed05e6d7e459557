"""All settings of one route together."""

from __future__ import annotations

from msgspec import Struct

from ingressd.routing.policy.access import Access
from ingressd.routing.policy.affinity import CookieAffinity
from ingressd.routing.policy.bandwidth import Bandwidth
from ingressd.routing.policy.buffering import Buffering
from ingressd.routing.policy.conditions import ConditionalRedirect, DeniedPath
from ingressd.routing.policy.cors import Cors
from ingressd.routing.policy.error_pages import ErrorPages
from ingressd.routing.policy.external_auth import ExternalAuth
from ingressd.routing.policy.fields import (
    NO_ANSWER_FIELDS,
    NO_POD_FIELDS,
    AnswerFields,
    PodFields,
)
from ingressd.routing.policy.mirror import Mirror
from ingressd.routing.policy.pod_http import PodHttp
from ingressd.routing.policy.pod_tls import PodProtocol, PodTls
from ingressd.routing.policy.rate_limits import RateLimits
from ingressd.routing.policy.redirects import Redirect, TlsRedirect
from ingressd.routing.policy.retries import DEFAULT_RETRIES, Retries
from ingressd.routing.policy.rewrite import Rewrite
from ingressd.routing.policy.timeouts import Timeouts


class Policy(Struct, frozen=True, omit_defaults=True):
    """All settings of one route. ``body_limit`` is bytes of a request body, 0 for any number.
    ``default_backend`` is the key of the upstream that answers where the route's own has no
    endpoint, "" for none; one without endpoints counts as none. ``port_in_redirects``: the redirect
    to https always names the port, and one to a path an unusual one. Where ``redirect`` leads to a
    path, its Location is that path with ``relative_redirects``, and with ``redirects_as_asked`` it
    has scheme, host and port as the client is believed to have asked. Where the path of the route
    begins with one of ``no_auth_paths``, nobody is asked who they are. ``pod_host`` is the Host
    that pods get, text with variables, "" for that of the client. ``pod_tls`` counts where pods are
    spoken to in TLS; None is DEFAULT_POD_TLS. Of ``denied`` and of ``redirects_if`` the first that
    is met counts. Without ``is_logged``, the access log says nothing of requests. ``is_closed``: a
    protection that is asked for cannot be given, which is why the route has no backend.
    """

    tls_redirect: TlsRedirect = TlsRedirect.WITH_TLS
    preserve_trailing_slash: bool = False
    port_in_redirects: bool = False
    relative_redirects: bool = False
    redirects_as_asked: bool = False
    redirect: Redirect | None = None
    cors: Cors | None = None
    rewrite: Rewrite | None = None
    affinity: CookieAffinity | None = None
    timeouts: Timeouts = Timeouts()
    body_limit: int = 1024 * 1024
    buffering: Buffering = Buffering()
    mirror: Mirror | None = None
    rate_limits: RateLimits = RateLimits()
    access: Access = Access()
    no_auth_paths: tuple[str, ...] = ("/.well-known/acme-challenge",)
    bandwidth: Bandwidth = Bandwidth()
    default_backend: str = ""
    error_pages: ErrorPages = ErrorPages()
    retries: Retries = DEFAULT_RETRIES
    pod_http: PodHttp = PodHttp()
    pod_host: str = ""
    pod_protocol: PodProtocol = PodProtocol.HTTP
    pod_tls: PodTls | None = None
    external_auth: ExternalAuth | None = None
    answer_fields: AnswerFields = NO_ANSWER_FIELDS
    pod_fields: PodFields = NO_POD_FIELDS
    denied: tuple[DeniedPath, ...] = ()
    redirects_if: tuple[ConditionalRedirect, ...] = ()
    is_logged: bool = True
    is_closed: bool = False


DEFAULT_POLICY = Policy()
