from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from msgspec import structs
from pytest_aiohttp.plugin import AiohttpClient
from support.views import StillView

from ingressd.admin.dashboard import Dashboard
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.sources.events import KindState


async def test_a_folder_of_ones_own_wins(tmp_path: Path, aiohttp_client: AiohttpClient) -> None:
    (tmp_path / "dashboard.html.j2").write_text("mine: {{ table.generation }}, {{ requests }}")
    application = web.Application()
    application.add_routes(Dashboard(StillView(), str(tmp_path)).routes())
    client = await aiohttp_client(application)

    async with client.get("/") as answer:
        assert await answer.text() == "mine: 7, 2"


@pytest.mark.parametrize(("stale", "shown"), [(0.0, "watched"), (90.4, "away for 90 s")])
async def test_a_source_that_is_away_is_shown(
    stale: float, shown: str, aiohttp_client: AiohttpClient
) -> None:
    view = StillView()
    kinds = (KindState("Ingress", stale, relists=0, restarts=0),)
    view.state = structs.replace(view.state, kinds=kinds)
    application = web.Application()
    application.add_routes(Dashboard(view).routes())
    client = await aiohttp_client(application)

    async with client.get("/") as answer:
        assert shown in await answer.text()


async def test_lines_to_paste_stand_as_they_are(aiohttp_client: AiohttpClient) -> None:
    view = StillView()
    subject = ObjectKey("Ingress", "shop", "web")
    remedy = "write in its place:\na: |\n  <b>"
    view.findings = (Finding(Severity.WARNING, "Code", subject, "", "wrong", remedy),)
    application = web.Application()
    application.add_routes(Dashboard(view).routes())
    client = await aiohttp_client(application)

    async with client.get("/") as answer:
        assert "write in its place:<pre>a: |\n  &lt;b&gt;</pre>" in await answer.text()
