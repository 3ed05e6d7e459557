"""The flags that say how to serve: addresses, processes, logs, shutdown."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, cast

import click
from msgspec import Struct

from ingressd.compiler.annotations.values import size
from ingressd.compiler.settings import Compat
from ingressd.proxy.settings import ProxySettings
from ingressd.workers.sockets import Addresses

SHORTEST_KEY = 16
"""Characters of an affinity key; a shorter one could be guessed from a cookie."""

_PORT = click.IntRange(0, 65535)


class ServingFlags(Struct, frozen=True):
    """What was asked for, checked. The affinity key (b"" for none) is in no ``repr``.
    ``worker_memory_limit`` is bytes, 0 for none, and None where it is to be found out.
    """

    address: tuple[str, ...]
    http_port: int
    https_port: int
    admin_port: int
    workers: int
    worker_memory_limit: int | None
    shutdown_grace_period: float
    log_format: str
    access_log: bool
    templates: str
    affinity_key: bytes

    def __repr__(self) -> str:
        return f"ServingFlags(address={self.address}, http_port={self.http_port}, ...)"

    @property
    def addresses(self) -> Addresses:
        """Where clients are served."""
        return Addresses(self.address, self.http_port, self.https_port)

    @property
    def proxy_settings(self) -> ProxySettings:
        """What each worker is told."""
        return ProxySettings(
            affinity_key=self.affinity_key,
            templates=self.templates,
            http_port=self.http_port,
            https_port=self.https_port,
            access_log=self.access_log,
            log_format=self.log_format,
        )


def flag(name: str, **attributes: Any) -> Callable[[Any], Any]:
    """``click.option`` that also reads ``INGRESSD_<FLAG>`` and says so in its help."""
    variable = "INGRESSD_" + name.split("/")[0].removeprefix("--").replace("-", "_").upper()
    shown: dict[str, Any] = {"show_default": True, "show_envvar": True}
    return click.option(name, envvar=variable, **(shown | attributes))


compat_flag = flag(
    "--compat",
    type=click.Choice([compat.value for compat in Compat]),
    default=Compat.EXACT.value,
    help="Where ingress-nginx surprises: exact does the same, sane does not (README).",
)


def available_cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0))


def serving_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the serving flags to a command, which gets them as ``serving``: ServingFlags."""

    @functools.wraps(command)
    def collect(*args: Any, **given: Any) -> Any:
        values = {name: given.pop(name) for name in ServingFlags.__struct_fields__}
        return command(*args, serving=_checked(ServingFlags(**values)), **given)

    for option in reversed(_OPTIONS):
        collect = option(collect)
    return collect


def _checked(flags: ServingFlags) -> ServingFlags:
    fixed = [port for port in (flags.http_port, flags.https_port, flags.admin_port) if port]
    if len(set(fixed)) < len(fixed):
        raise click.UsageError(
            "--http-port, --https-port and --admin-port must differ from one another"
        )
    return flags


def _read_addresses(
    context: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(str(ip_address(text)) for text in value))
    except ValueError as error:
        raise click.BadParameter(f"{error}; such as 0.0.0.0, 127.0.0.1 or ::") from error


def _read_size(context: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    sizes = size()
    is_quantity = value.endswith(("Ki", "Mi", "Gi"))  # of Kubernetes, and means the same
    try:
        return cast(int, sizes.parse(value[:-1] if is_quantity else value))
    except ValueError as error:
        raise click.BadParameter(f"{error}: {sizes.expected}") from error


def _read_key(context: click.Context, parameter: click.Parameter, value: str | None) -> bytes:
    if value is None:
        return b""
    if len(value) < SHORTEST_KEY:
        raise click.BadParameter(f"needs at least {SHORTEST_KEY} characters")
    return value.encode()


_OPTIONS = (
    flag(
        "--address",
        multiple=True,
        default=("0.0.0.0",),
        metavar="IP",
        callback=_read_addresses,
        help="Address to listen on; repeatable. :: is all of IPv6, and only that.",
    ),
    flag("--http-port", type=_PORT, default=80, help="Port for HTTP; 0 picks a free one."),
    flag("--https-port", type=_PORT, default=443, help="Port for HTTPS; 0 picks a free one."),
    flag(
        "--admin-port",
        type=_PORT,
        default=10254,
        help="Port for health, metrics, the dashboard and the JSON API; 0 picks a free one.",
    ),
    flag(
        "--workers",
        type=click.IntRange(1, 256),
        default=available_cores,
        show_default="one for each core",
        help="Worker processes that serve requests.",
    ),
    flag(
        "--worker-memory-limit",
        metavar="SIZE",
        callback=_read_size,
        show_default="an equal part of three quarters of the container's limit",
        help="Memory that one worker may take, such as 400m; 0 is no limit. Near it, requests get "
        "503 and idle connections are closed until there is less in use.",
    ),
    flag(
        "--shutdown-grace-period",
        type=click.FloatRange(min=0),
        default=30.0,
        metavar="SECONDS",
        help="From SIGTERM to exit, at most: in the first third /readyz says 503 and requests are "
        "still accepted, in the rest those in flight are finished.",
    ),
    flag(
        "--log-format",
        type=click.Choice(("json", "text")),
        default="json",
        help="Form of the log (standard error) and the access log (standard output).",
    ),
    flag("--access-log/--no-access-log", default=True, help="Log every request."),
    flag(
        "--templates",
        type=click.Path(exists=True, file_okay=False),
        metavar="FOLDER",
        callback=lambda _context, _parameter, folder: folder or "",
        help="Folder of templates that win over ours: error pages, the dashboard.",
    ),
    flag(
        "--affinity-key",
        metavar="SECRET",
        callback=_read_key,
        show_default="the cluster's own; with --manifests random at each start",
        help="Keys the hashes in affinity cookies; must be the same in all replicas. Prefer the "
        "variable: a command line can be read by others.",
    ),
)
