"""What every test shares: the event loop that serves in production, and fixtures of support/."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import uvloop

pytest_plugins = ["support.api_fixtures", "support.listening"]


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}
