"""Fits plain values to the shape of a struct, and names every place where they do not fit.

msgspec stops at the first error and hides the key of a map; a person wants all errors, with the
path as kubectl writes it. Nulls are dropped on the way, as the API server drops them.
"""

from __future__ import annotations

import base64
import binascii
import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from msgspec import Struct, inspect

from ingressd.resources.finding import Severity


class Problem(Struct, frozen=True):
    """One thing wrong at ``field``; it becomes a finding once the object's name is known."""

    severity: Severity
    code: str
    field: str
    message: str
    remedy: str


class Shape:
    """The expected type of a value, compiled once per struct.

    ``known`` are names that the struct leaves out but that Kubernetes defines; ``is_closed`` tells
    whether any other name is reported. ``shows_values`` is False where values are secret.
    """

    def __init__(self, type_: type[Struct], *, is_closed: bool, shows_values: bool = True) -> None:
        self._type = inspect.type_info(type_)
        self._names = _names_in(self._type)
        self._is_closed = is_closed
        self._shows_values = shows_values

    def has_only_known(self, value: object) -> bool:
        """Whether no field of the value would be reported as unknown: far quicker than to fit it,
        which is needed only where something is wrong."""
        return not self._is_closed or _has_only_known(value, self._names)

    def fit(self, value: object) -> tuple[object, tuple[Problem, ...]]:
        """The value without nulls and unknown fields, and all that is wrong with it."""
        fitting = _Fitting(is_closed=self._is_closed, shows_values=self._shows_values)
        fitted = fitting.value(value, self._type, "")
        return fitted, tuple(fitting.problems)


class _Names(Struct, frozen=True):
    """The fields that a struct may have (None: any), and those that hold structs themselves."""

    known: frozenset[str] | None
    below: tuple[tuple[str, _Names], ...]


def _names_in(type_: inspect.Type) -> _Names | None:
    """Of the struct that a value, or each item of it, has to fit; None where it is none."""
    if isinstance(type_, inspect.UnionType):
        return next((names for each in type_.types if (names := _names_in(each))), None)
    if isinstance(type_, inspect.VarTupleType):
        return _names_in(type_.item_type)
    if not isinstance(type_, inspect.StructType):
        return None
    known = known_fields(type_.cls)
    below = ((field.encode_name, _names_in(field.type)) for field in type_.fields)
    return _Names(
        frozenset(known) if known is not None else None,
        tuple((name, names) for name, names in below if names is not None),
    )


def _has_only_known(value: object, names: _Names | None) -> bool:
    if names is None:
        return True
    if isinstance(value, list):
        return all(_has_only_known(item, names) for item in value)
    if not isinstance(value, dict):
        return True
    if names.known is not None and not value.keys() <= names.known:
        return False
    return all(_has_only_known(value.get(name), below) for name, below in names.below)


OPEN_STRUCTS = frozenset({"IngressStatus", "ObjectMeta"})
"""Structs that leave out fields on purpose even where the rest of an object is fully known."""

OBJECT_FIELDS = ("apiVersion", "kind")
METADATA_FIELDS = (
    "annotations", "clusterName", "creationTimestamp", "deletionGracePeriodSeconds",
    "deletionTimestamp", "finalizers", "generateName", "generation", "labels", "managedFields",
    "name", "namespace", "ownerReferences", "resourceVersion", "selfLink", "uid",
)  # fmt: skip


class _Fitting:
    """One walk over one object. Depth is bounded by the type, whatever the value."""

    def __init__(self, *, is_closed: bool, shows_values: bool) -> None:
        self.problems: list[Problem] = []
        self._is_closed = is_closed
        self._shows_values = shows_values

    def value(self, value: object, type_: inspect.Type, path: str) -> object:
        if isinstance(type_, inspect.UnionType):
            return self._union(value, type_, path)
        if isinstance(type_, inspect.StructType):
            return self._struct(value, type_, path)
        if isinstance(type_, inspect.VarTupleType):
            return self._array(value, type_.item_type, path)
        if isinstance(type_, inspect.DictType):
            return self._map(value, type_.value_type, path)
        if isinstance(type_, inspect.BytesType):
            return self._base64(value, path)
        if not _is_scalar(value, type_):
            self._mismatch(value, _wanted(type_), path)
        return value

    def _union(self, value: object, type_: inspect.UnionType, path: str) -> object:
        choices = [choice for choice in type_.types if not isinstance(choice, inspect.NoneType)]
        if len(choices) == 1:
            return self.value(value, choices[0], path)
        if not any(_is_scalar(value, choice) for choice in choices):
            self._mismatch(value, " or ".join(_wanted(choice) for choice in choices), path)
        return value

    def _struct(self, value: object, type_: inspect.StructType, path: str) -> object:
        if not isinstance(value, dict):
            return self._mismatch(value, "a mapping", path)
        if self._is_closed:
            self._report_unknown(value, type_, path)
        fitted: dict[str, object] = {}
        for field in type_.fields:
            name = field.encode_name
            if value.get(name) is not None:
                fitted[name] = self.value(value[name], field.type, _join(path, name))
            elif field.required:
                self._missing(path, name)
        return fitted

    def _array(self, value: object, item_type: inspect.Type, path: str) -> object:
        if not isinstance(value, list | tuple):
            return self._mismatch(value, "a list", path)
        return [self.value(item, item_type, f"{path}[{i}]") for i, item in enumerate(value)]

    def _map(self, value: object, value_type: inspect.Type, path: str) -> object:
        if not isinstance(value, dict):
            return self._mismatch(value, "a mapping", path)
        return {
            key: self.value("" if item is None else item, value_type, f"{path}[{key}]")
            for key, item in value.items()
        }

    def _base64(self, value: object, path: str) -> object:
        """Line breaks are allowed, as in Go's decoder; the value never gets into a message."""
        if not isinstance(value, str):
            return self._mismatch(value, "base64 text", path)
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            self._add("InvalidBase64", path, "is not base64", _BASE64_REMEDY)
            return b""

    def _mismatch(self, value: object, wanted: str, path: str) -> object:
        found = _kind_of(value)
        remedy = f"write {wanted}"
        if isinstance(value, bool | int | float):
            shown = _as_written(value)
            found += f" ({shown})" if self._shows_values else ""
            if wanted == "text":
                example = f', for example "{shown}"' if self._shows_values else ""
                remedy = f"put it in quotes{example}"
        elif isinstance(value, str) and wanted == "a whole number":
            remedy = "write it as a number, without quotes"
        self._add("InvalidField", path, f"is {found} where {wanted} is needed", remedy)
        return value

    def _missing(self, path: str, name: str) -> None:
        if path == "metadata" and name == "name":
            remedy = "give the object a metadata.name (generateName works only in a cluster)"
        else:
            remedy = f"add {_join(path, name)}"
        self._add("MissingField", _join(path, name), "is required and missing", remedy)

    def _add(self, code: str, path: str, message: str, remedy: str) -> None:
        self.problems.append(Problem(Severity.ERROR, code, path, message, remedy))

    def _report_unknown(
        self, value: Mapping[str, object], type_: inspect.StructType, path: str
    ) -> None:
        known = known_fields(type_.cls)
        if known is None:
            return
        for name in value:
            if name not in known:
                self.problems.append(_unknown_field(_join(path, name), name, known))


_BASE64_REMEDY = "encode the value with `base64 -w0`, or move it unencoded to stringData"


@cache
def known_fields(struct: type[Any]) -> tuple[str, ...] | None:
    """Every field Kubernetes defines for ``struct``, or None where we do not list them."""
    if struct.__name__ == "ObjectMeta":
        return METADATA_FIELDS
    if struct.__name__ in OPEN_STRUCTS:
        return None
    fields: tuple[str, ...] = struct.__struct_encode_fields__
    return (*OBJECT_FIELDS, *fields) if "metadata" in fields else fields


def _v1_name(path: str, name: str) -> str | None:
    """What a field of the legacy forms is called now, or None for any other name."""
    if path == "spec.backend":
        return "defaultBackend"
    return {"serviceName": "service.name", "servicePort": "service.port.number"}.get(name)


def _unknown_field(path: str, name: str, known: Iterable[str]) -> Problem:
    if new_name := _v1_name(path, name):
        remedy = f"this is the v1beta1 form: write {new_name}, or run `ingressd convert`"
    elif meant := closest(name, known):
        remedy = f"did you mean {meant}?"
    else:
        remedy = f"remove it, or use one of {', '.join(sorted(known))}"
    message = "is not a field of networking.k8s.io/v1 and is ignored"
    return Problem(Severity.WARNING, "UnknownField", path, message, remedy)


def closest(name: str, candidates: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The candidate that ``name`` was probably meant to be; case never counts."""
    by_lower = {candidate.lower(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name[:100].lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[matches[0]] if matches else None


def _join(path: str, name: str) -> str:
    if "." in name:
        return f"{path}[{name}]"  # a label, as in any other map
    return f"{path}.{name}" if path else name


_SCALARS: Mapping[type[inspect.Type], tuple[str, Callable[[object], bool]]] = {
    inspect.StrType: ("text", lambda value: isinstance(value, str)),
    inspect.BoolType: ("true or false", lambda value: isinstance(value, bool)),
    inspect.IntType: ("a whole number", lambda value: type(value) is int),
}


def _is_scalar(value: object, type_: inspect.Type) -> bool:
    return _SCALARS[type(type_)][1](value)


def _wanted(type_: inspect.Type) -> str:
    return _SCALARS[type(type_)][0]


def _kind_of(value: object) -> str:
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    if value is None:
        return "empty"
    return "a list" if isinstance(value, list) else "a mapping"


def _as_written(value: bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
