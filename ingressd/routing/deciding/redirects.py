"""Which requests are sent elsewhere, and where to; the data plane and explain share this."""

from __future__ import annotations

from msgspec import Struct

from ingressd.routing.policy import Policy, Redirect, TlsRedirect

HTTP_PORT, HTTPS_PORT = 80, 443


class Ports(Struct, frozen=True, omit_defaults=True):
    """Where ingressd serves."""

    http: int = HTTP_PORT
    https: int = HTTPS_PORT


class Origin(Struct, frozen=True):
    """Whom a request was for: "http" or "https", Host as it was sent, and that without port."""

    scheme: str
    authority: str
    host: str


class Asked(Struct, frozen=True):
    """What a Location is made from.

    ``origin`` is what the client is believed to have asked for, and ``target`` the raw path and
    query. ``port`` is where the client came to if a believed proxy says so, else 0. ``here`` is
    what was asked of us, None where that is the same.
    """

    origin: Origin
    target: str
    ports: Ports
    port: int = 0
    here: Origin | None = None


def redirects_to_https(
    policy: Policy, path: str, *, has_tls: bool, exempt: tuple[str, ...]
) -> bool:
    """Whether a plain request for a normalised path is redirected.

    ``has_tls`` is :meth:`ingressd.routing.table.Table.has_tls` of the host asked for; ``exempt``
    are the starts of paths that never are.
    """
    if policy.tls_redirect is TlsRedirect.OFF or path.startswith(exempt):
        return False
    return has_tls or policy.tls_redirect is TlsRedirect.ALWAYS


def https_location(asked: Asked, policy: Policy) -> str:
    """The Location of the redirect to https, without the port of the request.

    A trailing "/" goes away unless the policy keeps it, as in ingress-nginx.
    """
    target = asked.target if policy.preserve_trailing_slash else asked.target.removesuffix("/")
    port = f":{asked.ports.https}" if policy.port_in_redirects or _came_straight(asked) else ""
    return f"https://{asked.origin.host}{port}{target}"


def location_of(redirect: Redirect, asked: Asked, policy: Policy) -> str:
    """The Location of a redirect that a route asks for."""
    if redirect.host:
        scheme = asked.origin.scheme
        port = asked.port or _our_port(scheme, asked.ports)
        if not redirect.as_asked:
            return f"{scheme}://{redirect.host}:{port}{asked.target.removesuffix('/')}"
        return f"{scheme}://{redirect.host}{_unusual(port, scheme)}{asked.target}"
    if not redirect.location.startswith("/") or policy.relative_redirects:
        return redirect.location
    return f"{_same_origin(redirect, asked, policy)}{redirect.location}"


def _same_origin(redirect: Redirect, asked: Asked, policy: Policy) -> str:
    """Scheme, host and port before a path, "" where nobody knows the host.

    As the client asked, if the policy wants that; else as nginx, which knows of no proxy before it,
    and of no port but its own.
    """
    origin, port = asked.here or asked.origin, 0
    if policy.redirects_as_asked:
        origin, port = asked.origin, asked.port
    if not origin.authority:
        return ""
    if policy.port_in_redirects:
        port = port or _our_port(origin.scheme, asked.ports)
        return f"{origin.scheme}://{origin.host}{_unusual(port, origin.scheme)}"
    keeps_port = redirect.keeps_port or policy.redirects_as_asked
    return f"{origin.scheme}://{origin.authority if keeps_port else origin.host}"


def _our_port(scheme: str, ports: Ports) -> int:
    return ports.https if scheme == "https" else ports.http


def _unusual(port: int, scheme: str) -> str:
    """A port as it stands in a URL, "" for the one that goes without saying."""
    is_usual = port == (HTTPS_PORT if scheme == "https" else HTTP_PORT)
    return "" if is_usual else f":{port}"


def _came_straight(asked: Asked) -> bool:
    """Whether the client names our own http port, so that nothing maps ports between us: then it
    finds https at our own port as well, and nowhere else if that is not 443."""
    ports = asked.ports
    is_usual = ports.http == HTTP_PORT or ports.https == HTTPS_PORT
    return not is_usual and asked.origin.authority.endswith(f":{ports.http}")
