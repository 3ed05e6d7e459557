"""The flags that say how the address of a client is learnt behind a load balancer."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import click
import msgspec

from ingressd.cli.options.serving import flag
from ingressd.cli.options.sources import SourceOptions
from ingressd.routing.global_policy import ClientAddress
from ingressd.routing.networks import Networks

_LOG = logging.getLogger(__name__)

_DESTINATIONS = ("use_proxy_protocol", "use_forwarded_headers", "proxy_real_ip_cidr")


def client_address_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add these flags to a command, which gets them as ``client_address``: ClientAddress."""

    @functools.wraps(command)
    def collect(*args: Any, **given: Any) -> Any:
        proxy_protocol, forwarded_headers, trusted = (given.pop(name) for name in _DESTINATIONS)
        address = ClientAddress(
            proxy_protocol=proxy_protocol, forwarded_headers=forwarded_headers, trusted=trusted
        )
        return command(*args, client_address=address, **given)

    for option in reversed(_OPTIONS):
        collect = option(collect)
    return collect


def with_client_address(source: SourceOptions, address: ClientAddress) -> SourceOptions:
    """The source's settings with these flags. A ConfigMap may add what they lack.

    A network that is all addresses is taken, and warned about in the log. Raises click.UsageError
    where they do not go together.
    """
    if not source.settings.configmap:
        _check(address)
    for network in address.trusted:
        if network.endswith("/0"):
            _LOG.warning(
                "--proxy-real-ip-cidr %s: every peer is believed, so any client can choose the "
                "address that it is taken for",
                network,
            )
    policy = msgspec.structs.replace(source.settings.global_policy, client_address=address)
    settings = msgspec.structs.replace(source.settings, global_policy=policy)
    return msgspec.structs.replace(source, settings=settings)


def _check(address: ClientAddress) -> None:
    if address.forwarded_headers and not address.trusted:
        raise click.UsageError(
            "--use-forwarded-headers believes nobody: name the proxies in front of us with "
            "--proxy-real-ip-cidr"
        )
    if address.trusted and not (address.forwarded_headers or address.proxy_protocol):
        raise click.UsageError(
            "--proxy-real-ip-cidr needs --use-forwarded-headers or --use-proxy-protocol"
        )


def _read_networks(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, ...]:
    entries = (entry.strip() for entry in (text or "").split(","))
    networks = tuple(dict.fromkeys(entry for entry in entries if entry))
    try:
        Networks(networks)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return networks


_OPTIONS = (
    flag(
        "--use-proxy-protocol",
        is_flag=True,
        help="Every connection to both ports begins with a PROXY header, version 1 or 2, that "
        "names the client; one that does not is closed.",
    ),
    flag(
        "--use-forwarded-headers",
        is_flag=True,
        help="Believe X-Forwarded-For, -Proto, -Port and -Host of the proxies that "
        "--proxy-real-ip-cidr names.",
    ),
    flag(
        "--proxy-real-ip-cidr",
        metavar="CIDR[,...]",
        callback=_read_networks,
        help="Addresses of the proxies in front of us. With --use-proxy-protocol only their PROXY "
        "headers are believed; without this flag, those of every peer are.",
    ),
)
