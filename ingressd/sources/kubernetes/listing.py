"""Lists that are read once, page by page, because they may be long; nothing is watched here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, field

from ingressd.sources.kubernetes.api import ApiServer, QueryValue

T = TypeVar("T")

_PAGE_SIZE = 500


class _Metadata(Struct, frozen=True):
    continue_: str = field(name="continue", default="")


class _Page(Struct, Generic[T], frozen=True):
    items: tuple[T, ...] | None = None
    metadata: _Metadata = _Metadata()


async def items_of(api: ApiServer, path: str, item: type[T]) -> AsyncIterator[T]:
    """Everything in the collection at ``path``, each as an ``item``.

    Raises KubernetesError and msgspec.DecodeError.
    """
    query: dict[str, QueryValue] = {"limit": _PAGE_SIZE}
    while True:
        raw = await api.get(path, **query)
        page = msgspec.json.decode(raw, type=_Page[item])  # type: ignore[valid-type]
        for each in page.items or ():
            yield each
        if not page.metadata.continue_:
            return
        query["continue"] = page.metadata.continue_
