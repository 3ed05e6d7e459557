"""Objects compiled as ``ingressd run`` would, for the commands that serve nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from ingressd.cli.cluster import connected, no_source
from ingressd.cli.source_options import SourceOptions, UnusableSource
from ingressd.controller.controller import Controller
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.resources.finding import Finding
from ingressd.routing.table import Table
from ingressd.sources import manifests
from ingressd.sources.events import Added, Event
from ingressd.sources.kubernetes.errors import KubernetesError, NoApiServer
from ingressd.sources.kubernetes.pace import Timing
from ingressd.sources.kubernetes.source import KubernetesSource, load


class Compilation(Struct, frozen=True):
    """What the objects come to. ``objects`` counts those that were read, ``foreign`` the Ingresses
    among them that are not ours: of another class, of none, or of another namespace."""

    table: Table
    findings: tuple[Finding, ...]
    objects: int
    foreign: int = 0


def compile_source(source: SourceOptions) -> Compilation:
    """Read and compile manifests, or what is in a cluster now. Raises UnusableSource."""
    events = _from_files(source.manifests) if source.manifests else _from_cluster(source)
    controller = Controller(
        source.settings, fallback_certificate=self_signed_certificate(time.time()), now=time.time
    )
    controller.apply(events)
    objects = sum(isinstance(event, Added) for event in events)
    return Compilation(controller.table, controller.findings, objects, _foreign(controller))


def _foreign(controller: Controller) -> int:
    seen = map(controller.ingress, controller.ingresses)
    return sum(ingress is not None and not ingress.is_ours for ingress in seen)


def _from_files(paths: Sequence[str]) -> Sequence[Event]:
    try:
        return manifests.load(paths)
    except manifests.UnusableInput as error:
        raise UnusableSource(str(error)) from error


def _from_cluster(source: SourceOptions) -> Sequence[Event]:
    try:
        return asyncio.run(_load(source))
    except NoApiServer as error:
        raise no_source(source, error) from error
    except KubernetesError as error:
        raise UnusableSource(str(error)) from error


async def _load(source: SourceOptions) -> Sequence[Event]:
    scope = msgspec.structs.replace(source.scope, needs_secrets=False)
    async with connected(source) as api:
        return await load(KubernetesSource(api, scope, timing=_HASTY))


_HASTY = Timing(patience=0.0)
