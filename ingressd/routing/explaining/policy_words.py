"""What the policies of a route and of a canary say, in a few words."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.routing.explaining.field_words import field_words
from ingressd.routing.model import Alternative
from ingressd.routing.policy import (
    DEFAULT_POD_TLS,
    DEFAULT_POLICY,
    DEFAULT_RETRIES,
    Access,
    Bandwidth,
    ExternalAuth,
    PodHttp,
    PodProtocol,
    Policy,
    RateLimits,
    Redirect,
    Retries,
    TlsRedirect,
)

_CONDITIONS = ("error", "timeout", "invalid_header")


def policy_words(policy: Policy) -> Iterator[str]:
    """What differs from the default, one phrase each."""
    if policy.is_closed:
        yield "closed: a protection cannot be given"
    yield from _tls_redirect_words(policy)
    if policy.redirect is not None:
        yield redirect_words(policy.redirect)
    if policy.cors is not None:
        yield f"cross-origin requests of {' '.join(policy.cors.origins) or 'nobody'}"
    if policy.rewrite is not None:
        yield f"rewrite to {policy.rewrite.target}"
    if policy.affinity is not None:
        yield f"{policy.affinity.mode.value} affinity by cookie {policy.affinity.name}"
    yield from _timeout_words(policy)
    yield from _limit_words(policy.rate_limits)
    yield from _access_words(policy.access)
    yield from _external_auth_words(policy.external_auth)
    if policy.bandwidth.rate:
        yield _bandwidth_words(policy.bandwidth)
    yield from _body_words(policy)
    yield from _retry_words(policy.retries)
    yield from _pod_words(policy.pod_http)
    yield from _pod_tls_words(policy)
    yield from _error_words(policy)
    yield from field_words(policy)


def _tls_redirect_words(policy: Policy) -> Iterator[str]:
    if policy.tls_redirect is TlsRedirect.ALWAYS:
        yield "https always"
    elif policy.tls_redirect is TlsRedirect.OFF:
        yield "https never forced"
    if policy.preserve_trailing_slash:
        yield "trailing slash kept in redirects"
    if policy.port_in_redirects:
        yield "port always named in redirects"


def canary_words(canary: Alternative) -> str:
    """What is behind a canary, and which requests it gets."""
    policy, conditions = canary.policy, []
    if policy.header:
        match = policy.header_match
        wanted = match.value or (f"like {match.pattern}" if match.pattern else "always")
        conditions.append(f"header {policy.header}: {wanted}")
    if policy.cookie:
        conditions.append(f"cookie {policy.cookie}: always")
    if policy.share or not conditions:
        conditions.append(f"{policy.share * 100:g} %")
    return f"{canary.backend.upstream} ({', '.join(conditions)})"


def redirect_words(redirect: Redirect) -> str:
    """Where it leads, and how."""
    if redirect.host:
        return f"redirected to the same path of {redirect.host}"
    return f"redirected to {redirect.location} with {redirect.status}"


def _timeout_words(policy: Policy) -> Iterator[str]:
    for name in ("connect", "read", "send"):
        seconds = getattr(policy.timeouts, name)
        if seconds != getattr(DEFAULT_POLICY.timeouts, name):
            yield f"{name} timeout {seconds:g} s"
    if policy.timeouts.tunnel != DEFAULT_POLICY.timeouts.tunnel:
        yield f"WebSockets idle for {policy.timeouts.tunnel:g} s at most"


def _limit_words(limits: RateLimits) -> Iterator[str]:
    for number, unit in ((limits.per_second, "second"), (limits.per_minute, "minute")):
        if number:
            ahead = number * limits.burst_multiplier
            yield f"{number} requests a {unit} from one client, {ahead} ahead of time"
    if limits.connections:
        yield f"{limits.connections} requests at the same time from one client"


def _external_auth_words(auth: ExternalAuth | None) -> Iterator[str]:
    if auth is None:
        return
    elsewhere = f", else sent to {auth.signin}" if auth.signin else ""
    yield f"admitted by {auth.url}{elsewhere}"
    if auth.cache_key:
        yield f"its decisions remembered by {auth.cache_key}"


def _access_words(access: Access) -> Iterator[str]:
    if access.allow:
        yield f"only from {', '.join(access.allow)}"
    if access.deny:
        yield f"not from {', '.join(access.deny)}"
    if access.basic_auth is not None:
        yield f"password of a user in Secret {access.basic_auth.secret or '(none)'}"
    if access.any_suffices:
        yield "any one of address and authentication suffices"


def _retry_words(retries: Retries) -> Iterator[str]:
    after = retries.after
    if after is not None:
        words = [name.replace("_", " ") for name in _CONDITIONS if getattr(after, name)]
        causes = ", ".join([*words, *map(str, after.statuses)])
        yield f"another pod after {causes}" if causes else "never another pod"
    if retries.non_idempotent or (after is not None and after.non_idempotent):
        yield "any method sent again"
    if retries.tries != DEFAULT_RETRIES.tries:
        yield f"{retries.tries} tries" if retries.tries else "as many tries as pods"
    if retries.timeout:
        yield f"no try after {retries.timeout:g} s"


def _pod_words(http: PodHttp) -> Iterator[str]:
    if http.version != "1.1":
        yield f"HTTP/{http.version} to pods"
    if http.connection:
        yield f"Connection: {http.connection} to pods"


def _pod_tls_words(policy: Policy) -> Iterator[str]:
    if policy.pod_host:
        yield f"Host {policy.pod_host} to pods"
    if policy.pod_protocol is PodProtocol.HTTP:
        return
    spoken = "HTTPS" if policy.pod_protocol is PodProtocol.HTTPS else "what the client speaks"
    tls = policy.pod_tls or DEFAULT_POD_TLS
    checked = "are" if tls.verify else "are not"
    with_secret = f", with Secret {tls.secret}" if tls.secret else ""
    yield f"{spoken} to pods, whose certificates {checked} checked{with_secret}"


def _error_words(policy: Policy) -> Iterator[str]:
    if policy.default_backend:
        yield f"default backend {policy.default_backend.removesuffix(':')}"
    pages = policy.error_pages
    if pages.statuses:
        whose = "" if pages.of_pods else " of ours"
        yield f"errors {', '.join(map(str, pages.statuses))}{whose} answered by a default backend"


def _body_words(policy: Policy) -> Iterator[str]:
    if not policy.buffering.requests:
        yield "request bodies passed on as they come"
    if policy.buffering.answers:
        yield "answers taken ahead of slow clients"
    if policy.mirror is not None:
        part = "" if policy.mirror.sends_body else ", without bodies,"
        yield f"copied{part} to {policy.mirror.url}"


def _bandwidth_words(bandwidth: Bandwidth) -> str:
    words = f"answers at {bandwidth.rate >> 10} KiB/s"
    return f"{words} after {bandwidth.after >> 10} KiB" if bandwidth.after else words
