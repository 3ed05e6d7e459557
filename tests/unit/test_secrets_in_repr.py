"""What a log line, a traceback or a debugger shows of any of our objects holds no secret."""

from __future__ import annotations

import importlib
import pkgutil
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any

import msgspec
import pytest
from msgspec import Struct

import ingressd
from ingressd.cli.options.serving import ServingFlags
from ingressd.proxy.settings import ProxySettings
from ingressd.resources.secret import Secret
from ingressd.routing.delta import Delta
from ingressd.routing.model import Certificate
from ingressd.workers.messages import Apply, Start

MARK = b"mark-of-a-secret"

PUBLIC = {
    ("ingressd.proxy.client.answer", "Answer"),
    ("ingressd.proxy.client.forwarded", "Visitor"),
    ("ingressd.proxy.client.roles", "Refusal"),
    ("ingressd.proxy.upstream.response_head", "ResponseHead"),
    ("ingressd.sources.kubernetes.api", "_Request"),
}
"""Structs whose bytes are what travels: heads, pages, and what we write to the API server."""

DEEPEST = 6
"""Structs within structs, of which some stand in themselves."""

SECRET_TEXTS = {"string_data"}
"""Fields of text that hold secrets; all bytes count as such."""


def _structs() -> list[type[Struct]]:
    for module in pkgutil.walk_packages(ingressd.__path__, "ingressd."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found = {each for each in _subclasses(Struct) if each.__module__.startswith("ingressd.")}
    return sorted(found, key=lambda each: (each.__module__, each.__qualname__))


def _subclasses(cls: type) -> Iterator[type[Struct]]:
    for each in cls.__subclasses__():
        yield each
        yield from _subclasses(each)


def _is_public(cls: type[Struct]) -> bool:
    return (cls.__module__, cls.__qualname__) in PUBLIC


def _filled(cls: type[Struct], depth: int = 0) -> Struct:
    """An instance in which everything that may hold a secret does."""
    values = {
        field.name: MARK.decode()
        if field.name in SECRET_TEXTS and field.type is str
        else _value(field.type, field.name, depth)
        for field in msgspec.structs.fields(cls)
    }
    return cls(**values)


def _value(hint: Any, name: str, depth: int) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _value(_richest(arguments), name, depth)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"name": _value(arguments[1], name, depth)}
    if isinstance(origin, type) and issubclass(origin, Collection):
        kind = origin if origin in (list, set, frozenset) else tuple
        return kind([_value(arguments[0], name, depth)])
    return _plain_value(hint, name, depth)


def _plain_value(hint: Any, name: str, depth: int) -> Any:
    if hint is bytes:
        return MARK
    if hint in (int, float, bool, str):
        return MARK.decode() if hint is str and name in SECRET_TEXTS else hint(1)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _filled(hint, depth + 1) if depth < DEEPEST and _has_fields(hint) else None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    return None


def _richest(arguments: tuple[Any, ...]) -> Any:
    """Of a union the one that can hold most."""
    structs = [each for each in arguments if isinstance(each, type) and issubclass(each, Struct)]
    others = [each for each in arguments if each is not type(None)]
    return (structs or ([bytes] if bytes in others else others))[0]


def _has_fields(cls: type[Struct]) -> bool:
    """Whether its fields can be read: a field named ``type`` hides the builtin from its class."""
    try:
        msgspec.structs.fields(cls)
    except TypeError:
        return False
    return True


STRUCTS = _structs()
UNREADABLE = {"Kind", "WatchedKind"}


def test_every_struct_is_looked_at() -> None:
    assert {each.__name__ for each in STRUCTS if not _has_fields(each)} == UNREADABLE
    assert len(STRUCTS) > 150
    for cls, field in ((Certificate, "private_key"), (Secret, "data")):
        assert MARK.decode() in str(getattr(_filled(cls), field))


@pytest.mark.parametrize(
    "cls",
    [each for each in STRUCTS if each.__name__ not in UNREADABLE and not _is_public(each)],
    ids=lambda cls: f"{cls.__module__}.{cls.__qualname__}",
)
def test_no_bytes_are_shown(cls: type[Struct]) -> None:
    made = _filled(cls)
    for shown in (repr(made), str(made), f"{made}", "%s %r" % (made, [made])):  # noqa: UP031
        assert MARK.decode() not in shown


@pytest.mark.parametrize("cls", [Certificate, Secret, ProxySettings, ServingFlags])
def test_the_holders_of_secrets_are_filled(cls: type[Struct]) -> None:
    assert MARK in msgspec.msgpack.encode(_filled(cls))


@pytest.mark.parametrize("cls", [Delta, Apply, Start])
def test_what_travels_to_workers_does_not_show_what_it_carries(cls: type[Struct]) -> None:
    made = _filled(cls)
    assert MARK in msgspec.msgpack.encode(made)
    assert MARK.decode() not in repr(made)
