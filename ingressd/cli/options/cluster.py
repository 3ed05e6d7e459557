"""The flags that say what a replica tells its cluster: status, election."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import click
from msgspec import Struct

from ingressd.cli.options.serving import flag
from ingressd.cli.options.sources import read_qualified_name

DEFAULT_ELECTION_ID = "ingressd-leader"

_LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
_DNS_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_LIKE_AN_ADDRESS = re.compile(r"[0-9.]+")


class ClusterFlags(Struct, frozen=True):
    """What was asked for, checked. They mean nothing where objects come from files."""

    publish_service: str = ""
    publish_status_address: tuple[str, ...] = ()
    election_id: str = DEFAULT_ELECTION_ID
    update_status_on_shutdown: bool = True


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these flags to a command, which gets them as ``cluster``: ClusterFlags."""

    @functools.wraps(command)
    def collect(*args: Any, **given: Any) -> Any:
        values = {name: given.pop(name) for name in ClusterFlags.__struct_fields__}
        return command(*args, cluster=ClusterFlags(**values), **given)

    for option in reversed(_OPTIONS):
        collect = option(collect)
    return collect


def _read_addresses(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, ...]:
    entries = (entry.strip() for entry in (text or "").split(","))
    return tuple(dict.fromkeys(_read_address(entry) for entry in entries if entry))


def _read_address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        name = text.lower()
    if not _DNS_NAME.fullmatch(name) or _LIKE_AN_ADDRESS.fullmatch(name):
        raise click.BadParameter(f"{text!r} is neither an IP address nor a DNS name")
    return name


def _read_lease_name(context: click.Context, parameter: click.Parameter, text: str) -> str:
    if not _DNS_NAME.fullmatch(text):
        raise click.BadParameter(f"{text!r} is not a name for a Lease, such as ingressd-leader")
    return text


_OPTIONS = (
    flag(
        "--publish-service",
        metavar="NS/NAME",
        callback=read_qualified_name,
        help="Service in front of us: its addresses, or for a NodePort those of the nodes, become "
        "the status of every Ingress that is served.",
    ),
    flag(
        "--publish-status-address",
        metavar="IP-OR-NAME[,...]",
        callback=_read_addresses,
        help="Addresses for the status of every Ingress; wins over --publish-service. With "
        "neither, no status is written.",
    ),
    flag(
        "--election-id",
        default=DEFAULT_ELECTION_ID,
        metavar="NAME",
        callback=_read_lease_name,
        help="Lease by which replicas elect the one that writes status and Events. Installations "
        "that share a namespace need one each.",
    ),
    flag(
        "--update-status-on-shutdown/--no-update-status-on-shutdown",
        default=True,
        help="When the last replica leaves, take its addresses out of every Ingress.",
    ),
)
