"""``ingressd run``: serve until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
from functools import partial

import click
import msgspec

from ingressd.cli.cluster import api_server_names, connected, no_source
from ingressd.cli.options.client_address import client_address_options, with_client_address
from ingressd.cli.options.cluster import ClusterFlags, cluster_options
from ingressd.cli.options.serving import ServingFlags, serving_options
from ingressd.cli.options.sources import SourceOptions, source_options
from ingressd.cli.running.replica import replica_settings
from ingressd.cli.running.serving import ServeOptions, run_until_done, serve
from ingressd.controller.cluster.companions import Companions
from ingressd.logs import configure_logs
from ingressd.routing.global_policy import ClientAddress
from ingressd.sources.kubernetes.cluster_key import cluster_key
from ingressd.sources.kubernetes.errors import NoApiServer
from ingressd.sources.kubernetes.source import KubernetesSource
from ingressd.sources.manifest_listing import STDIN
from ingressd.sources.manifests import ManifestSource, UnusableInput
from ingressd.workers.memory_share import allowed_memory, memory_share
from ingressd.workers.sockets import CannotListen

log = logging.getLogger(__name__)

KEY_BYTES = 32
"""Of an affinity key that nobody chose."""


@click.command("run")
@source_options
@serving_options
@client_address_options
@cluster_options
def command(
    source: SourceOptions,
    serving: ServingFlags,
    client_address: ClientAddress,
    cluster: ClusterFlags,
) -> None:
    """Serve the Ingresses of files or of a cluster, and follow every change of them.

    SIGTERM or Ctrl-C leaves without cutting anybody off, a second one at once. SIGUSR2 starts the
    same command anew, as it is installed by now; once that serves, on the same ports, the old
    process leaves.
    """
    configure_logs(serving.log_format)
    source = with_client_address(source, client_address)
    try:
        graceful = run_until_done(_live(source, serve_options(source, serving), cluster))
    except NoApiServer as error:
        raise no_source(source, error) from error
    except (CannotListen, UnusableInput) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(0 if graceful else 1)


async def _live(source: SourceOptions, options: ServeOptions, cluster: ClusterFlags) -> bool:
    if source.manifests:
        return await serve(options, ManifestSource(source.manifests), find_key=_random_key)
    async with connected(source) as api:
        proxy = msgspec.structs.replace(options.proxy, refused_names=api_server_names(api.url))
        objects = KubernetesSource(api, source.scope)
        return await serve(
            msgspec.structs.replace(options, proxy=proxy),
            objects,
            find_key=partial(cluster_key, api, source.settings.ingress_class),
            companion=Companions(api, replica_settings(cluster, os.environ)),
            reopen=lambda _: objects.renewed(),
        )


async def _random_key(in_sync: asyncio.Event) -> bytes:
    """Good for one start of one process, which is all that serves the files."""
    return secrets.token_bytes(KEY_BYTES)


def _memory_limit(serving: ServingFlags) -> int:
    """Bytes for each worker: what was asked for, or what the container leaves; 0 for no limit."""
    if serving.worker_memory_limit is not None:
        return serving.worker_memory_limit
    allowed = allowed_memory()
    if not allowed:
        return 0
    share = memory_share(allowed, serving.workers)
    log.info(
        "a worker may take %d MiB of memory: we may take %d MiB together (control group); "
        "--worker-memory-limit sets another limit",
        *(share >> 20, allowed >> 20),
    )
    return share


def serve_options(source: SourceOptions, serving: ServingFlags) -> ServeOptions:
    """The flags as :func:`ingressd.cli.running.serving.serve` takes them."""
    proxy = msgspec.structs.replace(
        serving.proxy_settings,
        local_names=source.settings.local_addresses,
        service_names=source.settings.from_files,
        memory_limit=_memory_limit(serving),
    )
    return ServeOptions(
        addresses=serving.addresses,
        admin_port=serving.admin_port,
        workers=serving.workers,
        proxy=proxy,
        compiler=source.settings,
        shutdown_grace_period=serving.shutdown_grace_period,
        reads_stdin=STDIN in source.manifests,
    )
