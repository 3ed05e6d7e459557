"""ConfigMaps that the ConfigMap names: header fields for all requests or all answers."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ingressd.compiler.annotations.referent import CONFIG_MAP, Find, Referent, Unusable, look_up
from ingressd.compiler.annotations.referents import HEADERS_OF_ANSWERS, HEADERS_OF_REQUESTS
from ingressd.compiler.annotations.values import Parser
from ingressd.compiler.codes import Code, finding
from ingressd.compiler.configmap.row import GlobalDirectives
from ingressd.compiler.replacing import put
from ingressd.resources.decoding import is_object_name
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey


class _Naming(Struct, frozen=True):
    """A key that names a ConfigMap: the field that holds the name, and where its fields go."""

    key: str
    field: str
    target: str
    referent: Referent[str]


_NAMINGS = (
    _Naming("add-headers", "add_headers", "global_policy.answer_fields", HEADERS_OF_ANSWERS),
    _Naming("proxy-set-headers", "set_headers", "global_policy.pod_fields", HEADERS_OF_REQUESTS),
)


def qualified_name() -> Parser:
    """``namespace/name``, or nothing."""

    def parse(text: str) -> str | None:
        name = text.strip()
        if name:
            _key_of(name)
        return name or None

    return Parser("namespace/name of a ConfigMap", parse)


def objects_named(texts: Mapping[str, str]) -> frozenset[ObjectKey]:
    """The ConfigMaps that keys name."""
    named = set()
    for naming in _NAMINGS:
        try:
            named.add(_key_of(texts.get(naming.key, "").strip()))
        except ValueError:  # the finding about the key says so
            continue
    return frozenset(named)


def with_fields(
    directives: GlobalDirectives, find: Find, subject: ObjectKey
) -> tuple[GlobalDirectives, tuple[Finding, ...]]:
    """What comes of the ConfigMaps that are named, and what is wrong with them."""
    findings: list[Finding] = []
    for naming in _NAMINGS:
        name = getattr(directives, naming.field)
        if not name:
            continue
        key, referent = _key_of(name), naming.referent
        content = look_up(referent, key, subject.namespace, find, may_cross=True)
        if isinstance(content, Unusable):
            message = f"{content.fault}; none of its headers is set"
            findings.append(_about(naming, subject, message, content.remedy))
            continue
        if doubt := referent.doubt(content):
            message = f"{key} {doubt}; the others are set"
            findings.append(_about(naming, subject, message, "remove it there"))
        directives = put(directives, naming.target, referent.value(name, content))
    return directives, tuple(findings)


def _key_of(text: str) -> ObjectKey:
    namespace, _, name = text.partition("/")
    if not (is_object_name(namespace) and is_object_name(name)):
        raise ValueError("not namespace/name")
    return ObjectKey(CONFIG_MAP, namespace, name)


def _about(naming: _Naming, subject: ObjectKey, message: str, remedy: str) -> Finding:
    return finding(Code.CONFIGMAP_KEY_INVALID, subject, f"data[{naming.key}]", message, remedy)
