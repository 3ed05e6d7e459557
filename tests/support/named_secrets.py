"""Secrets in an API double, the Ingresses that name them, and what a source says of them."""

from __future__ import annotations

from ingressd.resources.secret import Secret
from ingressd.sources.events import Added, Deleted, Modified
from support.api_server import ApiDouble
from support.watching import Heard


def secret(double: ApiDouble, name: str, type_: str = "Opaque", value: str = "") -> None:
    """A Secret; ``value`` is base64."""
    double.put("secrets", name, type=type_, data={"tls.crt": value})


def names(double: ApiDouble, *secrets: str, ingress: str = "web") -> None:
    """An Ingress that names these Secrets, and no others any more."""
    tls = [{"secretName": name} for name in secrets]
    double.put("ingresses", ingress, spec={"tls": tls})


def changes(heard: Heard) -> list[tuple[str, str]]:
    """What became of Secrets after ``Synced``, with the type they have."""
    told = []
    for event in heard.changes:
        match event:
            case Added(Secret() as found) | Modified(Secret() as found):
                told.append((type(event).__name__, found.type))
            case Deleted(key) if key.kind == "Secret":
                told.append(("Deleted", key.name))
    return told
