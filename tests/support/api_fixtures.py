"""Fixtures for tests against an API double: an empty one, and the way to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ingressd.sources.kubernetes.api import ApiServer
from support.api_server import ApiDouble, write_kubeconfig
from support.watching import kubeconfig_api


@pytest.fixture
async def double() -> AsyncIterator[ApiDouble]:
    """An API server with nothing in it, on a port of its own."""
    double = ApiDouble()
    async with double.serving():
        yield double


@pytest.fixture
async def api(double: ApiDouble, tmp_path: Path) -> AsyncIterator[ApiServer]:
    """A client of the double, by a kubeconfig with a token."""
    async with kubeconfig_api(write_kubeconfig(tmp_path, double.url)) as api:
        yield api
