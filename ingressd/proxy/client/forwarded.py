"""What a pod is told about the client of a connection."""

from __future__ import annotations

from ingressd.proxy.settings import ProxySettings


def client_address(peer: str) -> str:
    """The peer's address; IPv4 clients of an IPv6 socket are shown as what they are."""
    mapped = peer.removeprefix("::ffff:")
    return mapped if "." in mapped else peer


def forwarded_lines(remote: str, scheme: str, settings: ProxySettings) -> bytes:
    """What every request of a connection tells the pod about the client.

    The names and values of ingress-nginx; X-Forwarded-Port is 443 on any https port.
    """
    port = 443 if scheme == "https" else settings.http_port
    return (
        f"X-Real-IP: {remote}\r\nX-Forwarded-For: {remote}\r\nX-Forwarded-Port: {port}\r\n"
        f"X-Forwarded-Proto: {scheme}\r\nX-Forwarded-Scheme: {scheme}\r\nX-Scheme: {scheme}\r\n"
    ).encode()
