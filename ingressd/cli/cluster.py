"""The way from the flags to an API server, and what is known of it beforehand."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from ingressd.cli.options.sources import SourceOptions, UnusableSource
from ingressd.sources.kubernetes.api import ApiServer, connect
from ingressd.sources.kubernetes.errors import NoApiServer

_SERVICE_HOST = "KUBERNETES_SERVICE_HOST"  # the kubelet sets it in every container


def is_in_cluster() -> bool:
    """Whether we run in a pod."""
    return bool(os.environ.get(_SERVICE_HOST))


@asynccontextmanager
async def connected(source: SourceOptions) -> AsyncIterator[ApiServer]:
    """The API server that the flags lead to. Raises NoApiServer."""
    api = await connect(source.kubeconfig or None, source.context or None)
    try:
        yield api
    finally:
        await api.close()


def no_source(source: SourceOptions, error: NoApiServer) -> UnusableSource:
    """What to tell a person who has named no files, and whose cluster we do not know."""
    hint = "No manifests given: use --manifests PATH or --kubeconfig FILE; "
    return UnusableSource(str(error) if source.kubeconfig else f"{hint}{error}")


def api_server_names(url: str) -> tuple[str, ...]:
    """Names and addresses that lead to the API server, where no ExternalName Service may lead."""
    hosts = (urlsplit(url).hostname, os.environ.get(_SERVICE_HOST))
    return tuple(dict.fromkeys(host.lower() for host in hosts if host))
