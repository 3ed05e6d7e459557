"""From JSON or plain values to typed resources; whatever is wrong is named, never guessed away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ingressd.resources.finding import Finding, Severity
from ingressd.resources.kinds import KINDS, Kind, near_miss, shape_of
from ingressd.resources.legacy import legacy_field
from ingressd.resources.metadata import ObjectKey, ObjectMeta, Resource
from ingressd.resources.shape import Problem, Shape

DEFAULT_NAMESPACE = "default"

R = TypeVar("R", bound=Resource)

_DNS_LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_NAME = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")  # RFC 1123 subdomain, as the API server
_MAX_NAME = 253
_UNNAMED = "(no name)"


class DecodingError(Exception):
    """An object that cannot be used. ``problems`` holds at least one, each with its field."""

    def __init__(self, subject: ObjectKey, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(f"{subject}: {first.field or 'object'} {first.message}; {first.remedy}")
        self.subject = subject
        self.problems = problems

    def findings(self, origin: str = "") -> tuple[Finding, ...]:
        """The problems, as told to the owner of the object."""
        return tuple(to_finding(problem, self.subject, origin) for problem in self.problems)


class Located(Struct, frozen=True, gc=False):
    """An object and where it was read."""

    resource: Resource
    origin: str


class Decoding(Struct, frozen=True):
    """What one document holds.

    ``refused`` are objects known by name that cannot be used; ``has_unknown`` is whether there is
    something of which not even the name is known.
    """

    objects: tuple[Located, ...] = ()
    findings: tuple[Finding, ...] = ()
    refused: frozenset[ObjectKey] = frozenset()
    has_unknown: bool = False


def to_finding(problem: Problem, subject: ObjectKey, origin: str) -> Finding:
    """The problem with the name of its object."""
    return Finding(
        severity=problem.severity,
        code=problem.code,
        subject=subject,
        field=problem.field,
        message=problem.message,
        remedy=problem.remedy,
        origin=origin,
    )


def decode_json(raw: bytes, type_: type[R]) -> R:
    """An object of a known kind as the API server sends it; raises DecodingError.

    Only an object that does not fit at once, for example because of a null, takes the long way.
    """
    try:
        try:
            return msgspec.json.decode(raw, type=type_)
        except msgspec.ValidationError:
            plain = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        problem = _refusal(_error("InvalidJson", "", f"is not JSON: {error}", "repair it"))
        raise DecodingError(ObjectKey(type_.__name__, "", _UNNAMED), (problem,)) from None
    return _fit(plain, type_)[0]


def decode_document(value: object, file: str, origin: str) -> Decoding:
    """What a document of a file holds: one object, a list of them, or nothing that is ours.

    ``file`` is the subject of findings about things without a name; ``origin`` is the document.
    """
    reading = _Reading(ObjectKey("File", "", file))
    reading.document(value, origin)
    return Decoding(
        objects=tuple(reading.objects),
        findings=tuple(reading.findings),
        refused=frozenset(reading.refused),
        has_unknown=reading.has_unknown,
    )


class _Reading:
    """Gathers what one document holds, list items included."""

    def __init__(self, file: ObjectKey) -> None:
        self.objects: list[Located] = []
        self.findings: list[Finding] = []
        self.refused: set[ObjectKey] = set()
        self.has_unknown = False
        self._file = file

    def document(self, value: object, origin: str) -> None:
        if not isinstance(value, dict):
            self._unusable(_error("NotAnObject", "", *_NOT_AN_OBJECT), origin)
            return
        for name in ("kind", "apiVersion"):
            if not isinstance(value.get(name), str) or not value[name]:
                self._unusable(_missing(name), origin, value)
                return
        kind, api_version = value["kind"], value["apiVersion"]
        if kind in KINDS and api_version in KINDS[kind].api_versions:
            self._object(value, KINDS[kind], origin)
        elif kind == "List" and api_version == "v1":
            self._items(value, None, origin)
        elif kind.removesuffix("List") in KINDS and kind.endswith("List"):
            self._items(value, kind.removesuffix("List"), origin)
        elif problem := near_miss(kind, api_version):
            self._unusable(problem, origin, value)
        elif "metadata" not in value and any(ours.startswith(kind) for ours in KINDS):
            self._unusable(_missing("metadata"), origin)  # cut off within the word: `kind: Serv`

    def _items(self, value: dict[str, Any], kind: str | None, origin: str) -> None:
        items = value.get("items")
        if not isinstance(items, list | None):
            self._unusable(_error("InvalidField", "items", *_NOT_A_LIST), origin, value)
            return
        for index, item in enumerate(items or ()):
            if kind and isinstance(item, dict):  # items of a typed list need not say what they are
                item = {"kind": kind, "apiVersion": value["apiVersion"], **item}
            self.document(item, f"{origin}, items[{index}]")

    def _object(self, value: dict[str, Any], kind: Kind, origin: str) -> None:
        try:
            resource, warnings = _decode(value, kind)
        except DecodingError as error:
            self.findings.extend(error.findings(origin))
            if error.subject.name == _UNNAMED:
                self.has_unknown = True
            else:
                self.refused.add(error.subject)
            return
        self.objects.append(Located(resource, origin))
        self.findings.extend(to_finding(problem, resource.key, origin) for problem in warnings)

    def _unusable(
        self, problem: Problem, origin: str, value: Mapping[str, Any] | None = None
    ) -> None:
        """Report something that is no object of ours, by what it calls itself as far as it does."""
        kind = value.get("kind") if value else None
        subject = _subject(value, kind) if isinstance(kind, str) else self._file
        if kind in KINDS and subject.name != _UNNAMED:
            self.refused.add(subject)
        else:
            self.has_unknown = True
        known = subject if subject.name != _UNNAMED else self._file
        self.findings.append(to_finding(problem, known, origin))


_NOT_AN_OBJECT = (
    "is not a Kubernetes object but a bare list or value; it is ignored",
    "write an object with apiVersion, kind and metadata, or remove the document",
)
_NOT_A_LIST = ("is not a list; its objects are not used", "write a list of objects")


def _decode(value: dict[str, Any], kind: Kind) -> tuple[Resource, tuple[Problem, ...]]:
    convert = kind.api_versions[value["apiVersion"]]
    placed = _placed(convert(value) if convert else value, kind)
    try:
        resource, warnings = _resource(placed, kind)
    except DecodingError as error:
        if kind.is_closed and convert:
            raise DecodingError(error.subject, _as_legacy(error.problems)) from None
        raise
    _check_names(resource.key)
    _check_text(placed, resource.key)
    return resource, _as_legacy(warnings) if convert else warnings


def _resource(placed: dict[str, Any], kind: Kind) -> tuple[Resource, tuple[Problem, ...]]:
    if shape_of(kind.type).has_only_known(placed):
        try:
            return msgspec.convert(placed, kind.type), ()
        except msgspec.ValidationError:
            pass  # it may fit once nulls are gone; if not, _fit says why
    return _fit(placed, kind.type)


def _placed(value: dict[str, Any], kind: Kind) -> dict[str, Any]:
    """With the namespace the API server would give: `default`, or none for a cluster-wide kind."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return value
    if not kind.is_namespaced:
        return {**value, "metadata": {**metadata, "namespace": ""}}
    if metadata.get("namespace") in (None, ""):
        return {**value, "metadata": {**metadata, "namespace": DEFAULT_NAMESPACE}}
    return value


def _fit(value: object, type_: type[R]) -> tuple[R, tuple[Problem, ...]]:
    """The object without nulls, and warnings; raises DecodingError with everything wrong."""
    fitted, problems = shape_of(type_).fit(value)
    errors = tuple(_refusal(p) for p in problems if p.severity is Severity.ERROR)
    if errors:
        raise DecodingError(_subject(value, type_.__name__), errors)
    try:
        return msgspec.convert(fitted, type_), problems
    except msgspec.ValidationError as error:
        problem = _refusal(_error("InvalidField", "", f"does not fit: {error}", "repair it"))
        raise DecodingError(_subject(value, type_.__name__), (problem,)) from None


def _refusal(problem: Problem) -> Problem:
    message = f"{problem.message}; this version of the object is not used"
    return msgspec.structs.replace(problem, message=message)


class _Described(Struct, frozen=True, gc=False):
    """What every object has, whether it is kept or not."""

    metadata: ObjectMeta


_METADATA = Shape(_Described, is_closed=False, shows_values=False)


def _check_text(value: Mapping[str, Any], key: ObjectKey) -> None:
    """Refuse labels and annotations that are no text, as the API server does, also where nobody
    reads them: a version or a yes without quotes is the commonest mistake in YAML.
    """
    metadata = value["metadata"]
    if all(_is_text(metadata.get(field)) for field in ("labels", "annotations")):
        return
    _, problems = _METADATA.fit({"metadata": metadata})
    errors = tuple(_refusal(p) for p in problems if p.severity is Severity.ERROR)
    if errors:
        raise DecodingError(key, errors)


def _is_text(values: object) -> bool:
    if not isinstance(values, dict):
        return values is None
    return all(value.__class__ is str for value in values.values())


def is_object_name(name: str) -> bool:
    """Whether the API server takes it as ``metadata.name`` of most kinds."""
    return len(name) <= _MAX_NAME and _NAME.fullmatch(name) is not None


def _check_names(key: ObjectKey) -> None:
    for field, name in (("metadata.name", key.name), ("metadata.namespace", key.namespace)):
        if name and not is_object_name(name):
            message = f"{name[:_MAX_NAME]!r} is not a valid name"
            remedy = "use lower-case letters, digits, '-' and '.', as the API server demands"
            problem = _refusal(_error("InvalidName", field, message, remedy))
            raise DecodingError(key, (problem,))
    if not key.name:
        problem = _refusal(_error("MissingField", "metadata.name", "is empty", "give it a name"))
        raise DecodingError(key._replace(name=_UNNAMED), (problem,))


def _as_legacy(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(p, field=legacy_field(p.field)) for p in problems)


def _subject(value: object, kind: str) -> ObjectKey:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    named = metadata if isinstance(metadata, dict) else {}
    name, namespace = named.get("name"), named.get("namespace")
    if not isinstance(namespace, str) or not namespace:
        namespace = DEFAULT_NAMESPACE if kind in KINDS and KINDS[kind].is_namespaced else ""
    return ObjectKey(kind, namespace, name if isinstance(name, str) and name else _UNNAMED)


def _error(code: str, field: str, message: str, remedy: str) -> Problem:
    return Problem(Severity.ERROR, code, field, message, remedy)


def _missing(field: str) -> Problem:
    message = "is missing or not text; the document is not used"
    return _error("MissingField", field, message, f"add {field}, or remove the document")
