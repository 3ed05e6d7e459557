from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import msgspec
import pytest
from msgspec import Struct

from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.listing import items_of

PATH = "/api/v1/nodes"


class Named(Struct):
    name: str


class Pages:
    """An API server that lists these pages, one after the other."""

    def __init__(self, *pages: list[dict[str, Any]] | None) -> None:
        self.asked: list[dict[str, str | int]] = []
        self._pages = pages

    async def get(self, path: str, **query: str | int) -> bytes:
        assert path == PATH
        self.asked.append(query)
        number = len(self.asked)
        more = {"continue": str(number)} if number < len(self._pages) else {}
        return json.dumps({"metadata": more, "items": self._pages[number - 1]}).encode()


def names_in(pages: Pages) -> list[str]:
    async def read() -> list[str]:
        return [item.name async for item in items_of(cast("ApiServer", pages), PATH, Named)]

    return asyncio.run(read())


def test_every_page_is_read_even_behind_one_with_nothing_in_it() -> None:
    pages = Pages([{"name": "first"}, {"name": "second"}], None, [{"name": "last"}])
    assert names_in(pages) == ["first", "second", "last"]
    assert pages.asked == [
        {"limit": 500}, {"limit": 500, "continue": "1"}, {"limit": 500, "continue": "2"},
    ]  # fmt: skip


def test_an_item_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(msgspec.DecodeError, match="name"):
        names_in(Pages([{}]))
