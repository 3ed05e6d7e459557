"""Which documents are ours: the kinds and API versions that are read, and near misses of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from msgspec import Struct

from ingressd.resources.endpoints import Endpoints, EndpointSlice
from ingressd.resources.finding import Severity
from ingressd.resources.ingress import Ingress, IngressClass
from ingressd.resources.legacy import INGRESS_API_VERSION, LEGACY_API_VERSIONS, slice_to_v1, to_v1
from ingressd.resources.metadata import Resource
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.resources.service import Service
from ingressd.resources.shape import Problem, Shape, closest

Conversion: TypeAlias = Callable[[Mapping[str, Any]], dict[str, Any]]


class Kind(Struct, frozen=True):
    """A kind that is read. ``api_versions`` maps each version to its conversion to the first one.

    ``is_closed`` marks a kind whose every field is known, so that any other name is a mistake.
    """

    type: type[Resource]
    api_versions: dict[str, Conversion | None]
    is_namespaced: bool = True
    is_closed: bool = False
    shows_values: bool = True

    @property
    def name(self) -> str:
        """``kind`` as a document writes it."""
        return self.type.__name__


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            Ingress,
            {INGRESS_API_VERSION: None, **dict.fromkeys(LEGACY_API_VERSIONS, to_v1)},
            is_closed=True,
        ),
        Kind(
            IngressClass,
            {"networking.k8s.io/v1": None, "networking.k8s.io/v1beta1": None},
            is_namespaced=False,
        ),
        Kind(Service, {"v1": None}),
        Kind(Endpoints, {"v1": None}),
        Kind(EndpointSlice, {"discovery.k8s.io/v1": None, "discovery.k8s.io/v1beta1": slice_to_v1}),
        Kind(Secret, {"v1": None}, shows_values=False),
        Kind(ConfigMap, {"v1": None}),
    )
}


@cache
def shape_of(type_: type[Resource]) -> Shape:
    """The shape of a kind that is read, made once."""
    kind = KINDS[type_.__name__]
    return Shape(kind.type, is_closed=kind.is_closed, shows_values=kind.shows_values)


def near_miss(kind: str, api_version: str) -> Problem | None:
    """What is wrong with a document that is not read but was surely meant to be.

    None for everything else: other kinds are normal in a folder of manifests, and other API groups
    have kinds of the same names (Knative's Service, OpenShift's Ingress).
    """
    if kind in KINDS:
        return _wrong_version(KINDS[kind], api_version)
    meant = closest(kind, KINDS, cutoff=0.9)
    if meant is None or api_version not in KINDS[meant].api_versions:
        return None
    message = f"there is no kind {kind!r}; the object is not used"
    return Problem(Severity.ERROR, "UnknownKind", "kind", message, f"did you mean {meant}?")


def _wrong_version(kind: Kind, api_version: str) -> Problem | None:
    group = api_version.rpartition("/")[0]
    groups = [version.rpartition("/")[0] for version in kind.api_versions]
    is_built_in = "." not in group or group.endswith(".k8s.io")
    if not is_built_in and closest(group, groups, cutoff=0.85) is None:
        return None
    message = f"{api_version!r} is not an API version of {kind.name}; the object is not used"
    remedy = f"write {next(iter(kind.api_versions))}"
    return Problem(Severity.ERROR, "UnknownApiVersion", "apiVersion", message, remedy)
