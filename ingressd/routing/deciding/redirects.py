"""Which requests are sent elsewhere, and where to; the data plane and explain share this."""

from __future__ import annotations

from msgspec import Struct

from ingressd.routing.policy import Policy, Redirect, TlsRedirect

HTTP_PORT, HTTPS_PORT = 80, 443


class Ports(Struct, frozen=True, omit_defaults=True):
    """Where ingressd serves."""

    http: int = HTTP_PORT
    https: int = HTTPS_PORT


class Asked(Struct, frozen=True):
    """What a Location is made from.

    ``scheme`` is what the client is believed to have spoken, ``authority`` its Host as it was sent,
    ``host`` that without port, ``target`` the raw path and query. ``port`` is where the client came
    to if a believed proxy says so, else 0.
    """

    scheme: str
    authority: str
    host: str
    target: str
    ports: Ports
    port: int = 0


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
    return f"https://{asked.host}{port}{target}"


def location_of(redirect: Redirect, asked: Asked, policy: Policy) -> str:
    """The Location of a redirect that a route asks for."""
    if redirect.host:
        ours = asked.ports.https if asked.scheme == "https" else asked.ports.http
        port = asked.port or ours
        if not redirect.as_asked:
            return f"{asked.scheme}://{redirect.host}:{port}{asked.target.removesuffix('/')}"
        is_usual = port == (HTTPS_PORT if asked.scheme == "https" else HTTP_PORT)
        return f"{asked.scheme}://{redirect.host}{'' if is_usual else f':{port}'}{asked.target}"
    is_path = redirect.location.startswith("/")
    if is_path and asked.authority and not policy.relative_redirects:
        return f"{asked.scheme}://{asked.authority}{redirect.location}"
    return redirect.location


def _came_straight(asked: Asked) -> bool:
    """Whether the client names our own http port, so that nothing maps ports between us: then it
    finds https at our own port as well, and nowhere else if that is not 443."""
    ports = asked.ports
    is_usual = ports.http == HTTP_PORT or ports.https == HTTPS_PORT
    return not is_usual and asked.authority.endswith(f":{ports.http}")
