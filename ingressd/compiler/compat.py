"""Where ``--compat exact`` and ``sane`` differ: told by comparing what both come to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Host, Route
from ingressd.routing.policy import Policy, TlsRedirect
from ingressd.routing.table import Table

_KIND = "paths are as their own Ingress writes them, whatever another one of the host asks for"
_SLASH = "redirects to https keep a trailing slash"
_WWW = "the redirect to the other form of the name has no usual port, and keeps a trailing slash"
_ORIGIN = (
    "redirects to a path lead to the scheme, host and port that the client asked for, by what "
    "believed proxies say"
)
_COOKIE = "the session cookie is for the whole host, not for the path of the rule"

_Place = tuple[str, str, str]


class _Placed(Struct, frozen=True):
    """A route and its host."""

    host: Host
    route: Route


def compat_findings(exact: Table, sane: Table) -> tuple[Finding, ...]:
    """For each Ingress that is concerned, what differs."""
    before, after = _placed(exact), _placed(sane)
    words: dict[str, dict[str, None]] = {}
    address = exact.global_policy.client_address
    is_proxied = address.forwarded_headers or address.proxy_protocol
    for place in sorted(before.keys() | after.keys()):
        ingress = place[1]
        for word in _differences(before.get(place), after.get(place), is_proxied=is_proxied):
            words.setdefault(ingress, {})[word] = None
    return tuple(_told(ingress, "; ".join(told)) for ingress, told in words.items())


def _placed(table: Table) -> Mapping[_Place, _Placed]:
    """Every route of an Ingress, by host, Ingress and field."""
    return {
        (host.name, route.ingress, route.field): _Placed(host, route)
        for host in table.hosts.values()
        for route in host.rules
        if route.ingress
    }


def _differences(exact: _Placed | None, sane: _Placed | None, *, is_proxied: bool) -> Iterator[str]:
    if exact is None or sane is None:
        yield _KIND
        return
    if exact.route.kind is not sane.route.kind:
        yield _KIND
    before, after = exact.route.policy, sane.route.policy
    if before.preserve_trailing_slash != after.preserve_trailing_slash and _is_secured(exact):
        yield _SLASH
    if before.redirect != after.redirect:
        yield _WWW
    if before.redirects_as_asked != after.redirects_as_asked and _leads_to_path(before, is_proxied):
        yield _ORIGIN
    if _cookie_path(before, exact.route) != _cookie_path(after, sane.route):
        yield _COOKIE


def _is_secured(placed: _Placed) -> bool:
    """Whether plain requests for it are redirected to https."""
    policy = placed.route.policy
    if policy.redirect is not None or policy.tls_redirect is TlsRedirect.OFF:
        return False
    return placed.host.has_tls or policy.tls_redirect is TlsRedirect.ALWAYS


def _leads_to_path(policy: Policy, is_proxied: bool) -> bool:
    """Whether it says where that path is, in other words than the client's. Where it keeps the
    port, only a proxy can know better."""
    redirect, auth = policy.redirect, policy.external_auth
    if policy.relative_redirects:
        return False
    if redirect is None:
        return auth is not None and auth.signin.startswith("/")
    return redirect.location.startswith("/") and (is_proxied or not redirect.keeps_port)


def _cookie_path(policy: Policy, route: Route) -> str | None:
    if policy.affinity is None:
        return None
    return route.path if policy.affinity.path is None else policy.affinity.path


def _told(ingress: str, differences: str) -> Finding:
    namespace, _, name = ingress.partition("/")
    return finding(
        Code.COMPAT_DIFFERS,
        ObjectKey("Ingress", namespace, name),
        "",
        f"--compat exact (as ingress-nginx) and sane differ here; with sane, {differences}",
        "choose with --compat, whose default is exact",
    )
