"""Policies: the typed settings of routes, hosts and upstreams, one module for a subject.

A policy field that is None (or its default) is off and costs the data plane nothing. They are
compiled from annotations, which are only one syntax for these: nothing here knows their names.
"""

from ingressd.routing.policy.access import Access, BasicAuth, UserForm
from ingressd.routing.policy.affinity import AffinityMode, CookieAffinity
from ingressd.routing.policy.bandwidth import Bandwidth
from ingressd.routing.policy.buffering import Buffering
from ingressd.routing.policy.canary import CanaryPolicy, HeaderMatch
from ingressd.routing.policy.conditions import (
    Condition,
    ConditionalRedirect,
    DeniedPath,
    PathMatch,
    Trait,
)
from ingressd.routing.policy.cors import ANY_ORIGIN, Cors
from ingressd.routing.policy.error_pages import ErrorPages
from ingressd.routing.policy.external_auth import (
    DEFAULT_REMEMBERED,
    ExternalAuth,
    Remembered,
)
from ingressd.routing.policy.fields import (
    NO_ANSWER_FIELDS,
    NO_POD_FIELDS,
    AnswerFields,
    FieldAction,
    FieldEdit,
    PodFields,
    Substitution,
)
from ingressd.routing.policy.host_policy import (
    DEFAULT_HOST_POLICY,
    NOBODY,
    ClientCertificates,
    HostPolicy,
    VerifyClient,
)
from ingressd.routing.policy.mirror import Mirror
from ingressd.routing.policy.pod_http import PodHttp
from ingressd.routing.policy.pod_tls import DEFAULT_POD_TLS, PodProtocol, PodTls
from ingressd.routing.policy.rate_limits import RateLimits
from ingressd.routing.policy.redirects import Redirect, TlsRedirect
from ingressd.routing.policy.retries import DEFAULT_RETRIES, Retries, RetryAfter
from ingressd.routing.policy.rewrite import Rewrite
from ingressd.routing.policy.route_policy import DEFAULT_POLICY, Policy
from ingressd.routing.policy.timeouts import Timeouts
from ingressd.routing.policy.upstream_policy import (
    DEFAULT_UPSTREAM_POLICY,
    LoadBalance,
    UpstreamPolicy,
)

__all__ = [
    "ANY_ORIGIN",
    "DEFAULT_HOST_POLICY",
    "DEFAULT_POD_TLS",
    "DEFAULT_POLICY",
    "DEFAULT_REMEMBERED",
    "DEFAULT_RETRIES",
    "DEFAULT_UPSTREAM_POLICY",
    "NOBODY",
    "NO_ANSWER_FIELDS",
    "NO_POD_FIELDS",
    "Access",
    "AffinityMode",
    "AnswerFields",
    "Bandwidth",
    "BasicAuth",
    "Buffering",
    "CanaryPolicy",
    "ClientCertificates",
    "Condition",
    "ConditionalRedirect",
    "CookieAffinity",
    "Cors",
    "DeniedPath",
    "ErrorPages",
    "ExternalAuth",
    "FieldAction",
    "FieldEdit",
    "HeaderMatch",
    "HostPolicy",
    "LoadBalance",
    "Mirror",
    "PathMatch",
    "PodFields",
    "PodHttp",
    "PodProtocol",
    "PodTls",
    "Policy",
    "RateLimits",
    "Redirect",
    "Remembered",
    "Retries",
    "RetryAfter",
    "Rewrite",
    "Substitution",
    "Timeouts",
    "TlsRedirect",
    "Trait",
    "UpstreamPolicy",
    "UserForm",
    "VerifyClient",
]
