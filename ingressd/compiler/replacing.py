"""Frozen structs with one field changed, wherever it is inside them."""

from __future__ import annotations

from typing import TypeVar

from msgspec import Struct, structs

_S = TypeVar("_S", bound=Struct)


def put(target: _S, path: str, value: object) -> _S:
    """A copy of ``target`` with the value at a dotted path of field names."""
    head, _, rest = path.partition(".")
    inner = put(getattr(target, head), rest, value) if rest else value
    return structs.replace(target, **{head: inner})
