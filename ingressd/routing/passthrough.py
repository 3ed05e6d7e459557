"""Which TLS connections go to pods as they come (ingress-nginx ``ssl-passthrough``)."""

from __future__ import annotations

from ingressd.routing.table import Table

NOWHERE = ""
"""In the place of an upstream where there is no route to one: nobody is served."""


def upstream_behind(server_name: str | None, table: Table) -> str | None:
    """The key of the upstream for a normalised SNI name, NOWHERE, or None where TLS ends here.

    It does where clients are asked for certificates: another Ingress must not open such a host.
    """
    host = table.find_host(server_name) if server_name else None
    if host is None or not host.policy.passthrough or host.policy.client_certificates is not None:
        return None
    roots = (route for route in host.routes if route.path == "/" and route.backend is not None)
    root = next(roots, host.fallback)
    return root.backend.upstream if root is not None and root.backend is not None else NOWHERE
