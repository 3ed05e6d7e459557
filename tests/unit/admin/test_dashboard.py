from __future__ import annotations

from pathlib import Path

import pytest
from aiohttp import web
from msgspec import structs
from pytest_aiohttp.plugin import AiohttpClient
from support.routes import canary, host, route, table, upstream
from support.views import StillView

from ingressd.admin.dashboard import Dashboard
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.model import Host
from ingressd.routing.policy import Access, Policy, Rewrite
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


async def test_an_explanation_shows_policies_and_canaries(aiohttp_client: AiohttpClient) -> None:
    view = StillView()
    policy = Policy(access=Access(allow=("10.0.0.0/8",)), rewrite=Rewrite("/<new>"))
    shared = structs.replace(
        route("Prefix", "/cart", host="shop.test", policy=policy),
        alternatives=(canary("next", header="X-Next"), canary("beta", weight=5)),
    )
    view.table = table(Host("shop.test", (shared,)), upstreams=(upstream(),))
    application = web.Application()
    application.add_routes(Dashboard(view).routes())
    client = await aiohttp_client(application)

    async with client.get("/", params={"url": "http://shop.test/cart"}) as answer:
        text = await answer.text()
    shown = text[text.index('id="explanation"') : text.index("</section>")]
    assert "<dt>canaries</dt><dd>default/next:80 (header X-Next: always) " in shown
    assert "<dd>default/beta:80 (5 %) <small>Ingress default/beta</small></dd>" in shown
    assert "<dt>policies</dt><dd>rewrite to /&lt;new&gt;</dd>" in shown
    assert "<dd>only from 10.0.0.0/8</dd>" in shown
    assert "<dt>sent as</dt><dd><code>/%3Cnew%3E</code></dd>" in shown
    assert "<dt>canaries</dt><dd>chance decides: 5 % go to default/beta:80" in shown
    assert "<dt>balancing</dt><dd>round robin</dd>" in shown
    assert shown.count("<dt>policies") == 1


async def test_what_no_rule_takes_has_neither(aiohttp_client: AiohttpClient) -> None:
    view = StillView()
    view.table = table(host("Prefix /foo"))
    application = web.Application()
    application.add_routes(Dashboard(view).routes())
    client = await aiohttp_client(application)

    async with client.get("/", params={"url": "http://a.example.com/bar"}) as answer:
        text = await answer.text()
    assert "not-found 404" in text
    assert "The rule that takes it" not in text
