"""Objects compiled as ``ingressd run`` would, for the commands that serve nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct, structs

from ingressd.cli.cluster import connected, no_source
from ingressd.cli.options.sources import SourceOptions, UnusableSource
from ingressd.compiler.annotations.verdict import Verdict
from ingressd.compiler.compat import compat_findings
from ingressd.compiler.configmap.table import BY_NAME
from ingressd.compiler.settings import Compat, CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap
from ingressd.routing.table import Table
from ingressd.sources import manifests
from ingressd.sources.events import Added, Event
from ingressd.sources.kubernetes.errors import KubernetesError, NoApiServer
from ingressd.sources.kubernetes.pace import Timing
from ingressd.sources.kubernetes.source import KubernetesSource, load


class Compilation(Struct, frozen=True):
    """What the objects come to. ``objects`` counts those that were read, ``foreign`` the Ingresses
    among them that are not ours: of another class, of none, or of another namespace.

    ``verdicts`` are those on the annotations of each Ingress of ours, ``namespace/name``, and
    ``configmap_keys`` what is written in the ConfigMap; ``lookalikes`` are other ConfigMaps whose
    keys are those of ingress-nginx. ``kinds`` are those that were read, None
    for a cluster, which has them all.
    """

    table: Table
    findings: tuple[Finding, ...]
    objects: int
    foreign: int = 0
    verdicts: Mapping[str, tuple[Verdict, ...]] = {}
    configmap_keys: tuple[str, ...] = ()
    lookalikes: tuple[str, ...] = ()
    kinds: frozenset[str] | None = None


def compile_source(source: SourceOptions, *, compares: bool = False) -> Compilation:
    """Read and compile manifests, or what is in a cluster now. With ``compares`` there is a finding
    for each Ingress that means something else with another --compat. Raises UnusableSource."""
    events = _from_files(source.manifests) if source.manifests else _from_cluster(source)
    controller = _compiled(events, source.settings)
    differing = _compared(events, controller.table, source.settings) if compares else ()
    resources = tuple(event.resource for event in events if isinstance(event, Added))
    ours = sorted(_ours(controller))
    return Compilation(
        controller.table,
        (*controller.findings, *differing),
        objects=len(resources),
        foreign=len(controller.ingresses) - len(ours),
        verdicts={key.qualified_name: controller.verdicts_of(key) for key in ours},
        configmap_keys=_configmap_keys(resources, source.settings.configmap),
        lookalikes=tuple(sorted(_lookalikes(resources, source.settings.configmap))),
        kinds=frozenset(each.key.kind for each in resources) if source.manifests else None,
    )


def _compiled(events: Iterable[Event], settings: CompilerSettings) -> Controller:
    controller = Controller(
        settings, fallback_certificate=self_signed_certificate(time.time()), now=time.time
    )
    controller.apply(events)
    return controller


def _compared(
    events: Sequence[Event], table: Table, settings: CompilerSettings
) -> Iterator[Finding]:
    """What differs between the two --compat, one of which has given ``table``."""
    others = Compat.SANE if settings.compat is Compat.EXACT else Compat.EXACT
    other = _compiled(events, structs.replace(settings, compat=others)).table
    exact, sane = (table, other) if others is Compat.SANE else (other, table)
    origins = {each.resource.key: each.origin for each in events if isinstance(each, Added)}
    for finding in compat_findings(exact, sane):
        yield structs.replace(finding, origin=origins.get(finding.subject, ""))


def _ours(controller: Controller) -> Iterator[ObjectKey]:
    for key in controller.ingresses:
        ingress = controller.ingress(key)
        if ingress is None or ingress.is_ours:
            yield key


def _configmap_keys(resources: Iterable[Resource], name: str) -> tuple[str, ...]:
    """What the ConfigMap of this name sets; of several the first counts."""
    configmaps = (each for each in resources if isinstance(each, ConfigMap))
    named = (each for each in configmaps if each.key.qualified_name == name)
    return tuple(sorted(next((each.data for each in named), {})))


def _lookalikes(resources: Iterable[Resource], besides: str) -> Iterator[str]:
    """ConfigMaps most of whose keys ingress-nginx knows."""
    for each in resources:
        if isinstance(each, ConfigMap) and each.key.qualified_name != besides:
            known = sum(key in BY_NAME for key in each.data)
            if 2 * known > len(each.data):
                yield each.key.qualified_name


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
    scope = msgspec.structs.replace(source.scope, serves=False)
    async with connected(source) as api:
        return await load(KubernetesSource(api, scope, timing=_HASTY))


_HASTY = Timing(patience=0.0)
