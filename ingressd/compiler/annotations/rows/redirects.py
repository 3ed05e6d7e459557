"""Answers that send the client elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from ingressd.compiler.annotations.elsewhere import (
    Reaction,
    drops_ingress,
    drops_unless_number,
    ignores,
)
from ingressd.compiler.annotations.row import Directives, Idle, Modified, Row, Scope, Tier
from ingressd.compiler.annotations.values import (
    Parser,
    boolean,
    converted,
    matching,
    parse_bool,
    parse_int,
)
from ingressd.routing.policy import Redirect, TlsRedirect

_URL = matching(
    r"[-._~a-zA-Z0-9/:,?&=]+", "a URL of letters, digits and - . _ ~ / : , ? & = (no $, % or #)"
)
_NO_REDIRECTS = frozenset({304, 306})  # Not Modified, and one without meaning


def _permanent(url: str) -> Redirect:
    return Redirect(url, 301)


def _temporal(text: str) -> Redirect:
    """Go's ``url.Parse``, and ingress-nginx's demand for a scheme that starts with http."""
    url = _URL.parse(text)
    assert isinstance(url, str)
    parts = urlsplit(url)
    if not parts.scheme.startswith("http"):
        raise ValueError("neither http nor https")
    if parts.port is None and parts.netloc.endswith(":"):
        raise ValueError("no port behind the colon")
    return Redirect(url, 302)


_ignores_all = ignores("every redirect that this Ingress asks for, from-to-www-redirect, too")


def _elsewhere(text: str) -> Reaction | None:
    """The characters are looked at first, and the scheme later."""
    try:
        _URL.parse(text)
    except ValueError:
        return drops_ingress(text)
    return _ignores_all(text)


def _status(last: int) -> Parser:
    def parse(text: str) -> int:
        status = parse_int(text)
        if not 300 <= status <= last or status in _NO_REDIRECTS:
            raise ValueError("not the status of a redirect")
        return status

    return Parser(f"a status from 300 to {last} other than 304 and 306", parse)


def _forced(text: str, base: Directives, directives: Directives) -> Idle | None:
    """Of what asks for no redirect to https, and gets one."""
    if parse_bool(text) or not directives.force_ssl_redirect:
        return None
    return Idle(
        "it has no effect, because force-ssl-redirect holds as well",
        "remove it, or force-ssl-redirect",
        is_suspect=True,
    )


def _leads_to_path(directives: Directives) -> bool:
    redirect = directives.policy.redirect
    return redirect is not None and redirect.location.startswith("/")


_SECURED = Modified(
    "a redirect to https",
    lambda directives: directives.policy.tls_redirect is not TlsRedirect.OFF,
)

_LEADING = Modified(
    "a redirect to https, or a `permanent-redirect` to a path",
    lambda directives: _SECURED.is_there(directives) or _leads_to_path(directives),
)

ROWS = (
    Row(
        name="ssl-redirect",
        field="ssl_redirect",
        idles=_forced,
        value=boolean(),
        tier=Tier.COMMON,
        summary="Redirect http to https where the host has spec.tls (default true).",
    ),
    Row(
        name="force-ssl-redirect",
        field="force_ssl_redirect",
        value=boolean(),
        tier=Tier.COMMON,
        summary="Redirect http to https even where the host has no spec.tls.",
    ),
    Row(
        name="preserve-trailing-slash",
        field="policy.preserve_trailing_slash",
        modifies=_SECURED,
        value=boolean(),
        tier=Tier.COMMON,
        summary="Keep the trailing slash in the redirect to https.",
    ),
    Row(
        name="use-port-in-redirects",
        field="policy.port_in_redirects",
        modifies=_LEADING,
        value=boolean(),
        tier=Tier.RARE,
        summary="Always name the https port in the redirect to https (default false: only where it "
        "is not 443 and the client came by the http port of ingressd itself), and the port of "
        "ingressd in a redirect to a path, where it is not the usual one.",
    ),
    Row(
        name="app-root",
        field="host.app_root",
        value=matching(
            r"/[-._~a-zA-Z0-9:][-._~a-zA-Z0-9/:]*",
            "a path below / of letters, digits and - . _ ~ / :",
        ),
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Path that / of the host is sent to, with 302; the oldest Ingress decides.",
    ),
    Row(
        name="permanent-redirect",
        elsewhere=drops_ingress,
        field="policy.redirect",
        value=converted(_URL, _permanent),
        tier=Tier.COMMON,
        summary="URL, or path of the same host (without its port, as in ingress-nginx), that every "
        "request is sent to, with 301; path and query are not appended.",
    ),
    Row(
        name="permanent-redirect-code",
        elsewhere=drops_unless_number,
        field="policy.redirect.status",
        value=_status(308),
        requires="permanent-redirect",
        is_read_alone=True,
        tier=Tier.COMMON,
        summary="Status of permanent-redirect, 300 to 308 (default 301).",
    ),
    Row(
        name="temporal-redirect",
        elsewhere=_elsewhere,
        field="policy.redirect",
        value=Parser(f"{_URL.expected}, with http:// or https://", _temporal),
        tier=Tier.COMMON,
        summary="URL that every request is sent to, with 302; wins over permanent-redirect.",
    ),
    Row(
        name="temporal-redirect-code",
        elsewhere=drops_unless_number,
        field="policy.redirect.status",
        value=_status(307),
        requires="temporal-redirect",
        is_read_alone=True,
        tier=Tier.COMMON,
        summary="Status of temporal-redirect, 300 to 307 (default 302).",
    ),
    Row(
        name="from-to-www-redirect",
        elsewhere=drops_ingress,
        field="host.www_redirect",
        value=boolean(),
        scope=Scope.HOST,
        tier=Tier.COMMON,
        summary="Send www.HOST to HOST, or HOST to www.HOST where that is the rule's host, with "
        "308; https needs a certificate that covers the other name.",
    ),
    Row(
        name="relative-redirects",
        elsewhere=drops_ingress,
        field="policy.relative_redirects",
        modifies=Modified("a `permanent-redirect` to a path", _leads_to_path),
        value=boolean(),
        tier=Tier.RARE,
        summary="Leave scheme and host out of a Location that is a path (default false).",
    ),
)
