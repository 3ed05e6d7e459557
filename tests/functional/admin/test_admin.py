"""The admin port over HTTP."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient
from support.views import FINDING, PRIVATE_KEY, StillView

from ingressd.admin.server import admin_application

PATHS = ("/", "/healthz", "/readyz", "/metrics", "/api/v1/routes", "/api/v1/findings")


@pytest.fixture
def view() -> StillView:
    return StillView()


@pytest.fixture
async def client(view: StillView, aiohttp_client: AiohttpClient) -> TestClient:
    return await aiohttp_client(admin_application(view))


async def _read(client: TestClient, path: str, **query: object) -> tuple[int, str]:
    async with client.get(path, **query) as answer:
        return answer.status, await answer.text()


async def test_it_is_alive(client: TestClient) -> None:
    assert await _read(client, "/healthz") == (200, "ok\n")


async def test_it_is_ready_until_it_drains(client: TestClient, view: StillView) -> None:
    assert await _read(client, "/readyz") == (200, "ok\n")

    view.state = msgspec.structs.replace(view.state, draining=True)
    assert await _read(client, "/readyz") == (503, "shutting down\n")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_nothing_can_be_written(client: TestClient, path: str, method: str) -> None:
    async with client.request(method, path, data=b"x") as answer:
        assert answer.status == 405


@pytest.mark.parametrize("path", PATHS)
async def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    async with client.head(path) as answer:
        assert answer.status == 200
        assert await answer.read() == b""


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/explain?url=https://shop.test/"])
async def test_no_private_key_is_anywhere(client: TestClient, path: str) -> None:
    _, body = await _read(client, path)

    assert PRIVATE_KEY.decode() not in body
    assert "marker" not in body


async def test_answers_are_not_cached_sniffed_or_framed(client: TestClient) -> None:
    async with client.get("/no-such-page") as answer:
        assert answer.status == 404
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Server"] == "ingressd"


async def test_metrics_are_in_prometheus_form(client: TestClient) -> None:
    _, body = await _read(client, "/metrics")

    assert 'ingressd_requests_total{host="shop.test"' in body


async def test_routes_come_as_json(client: TestClient) -> None:
    _, body = await _read(client, "/api/v1/routes")
    answer = msgspec.json.decode(body)

    assert answer["generation"] == 7
    assert answer["routes"][1]["backend"] == "shop/web:80"


async def test_findings_come_as_json(client: TestClient) -> None:
    _, body = await _read(client, "/api/v1/findings")

    assert msgspec.json.decode(body)["findings"][0]["code"] == "ServiceNotFound"


async def test_findings_are_chosen_by_verdict(client: TestClient, view: StillView) -> None:
    verdicts = ("invalid", "unsupported", "overridden")
    told = (msgspec.structs.replace(FINDING, verdict=verdict) for verdict in verdicts)
    view.findings = (FINDING, *told)
    asked = [("verdict", "invalid"), ("verdict", "overridden")]
    _, body = await _read(client, "/api/v1/findings", params=asked)
    assert [each["verdict"] for each in msgspec.json.decode(body)["findings"]] == [
        "invalid",
        "overridden",
    ]


async def test_a_verdict_that_no_finding_can_have_is_refused(client: TestClient) -> None:
    status, body = await _read(client, "/api/v1/findings", params={"verdict": "honoured"})
    assert status == 400
    error = msgspec.json.decode(body)["error"]
    assert error.startswith("no finding has the verdict 'honoured'; there are: no-op, invalid, ")


async def test_explain_tells_the_findings_of_the_objects_involved(client: TestClient) -> None:
    asked = {"url": "https://shop.test/cart"}
    _, body = await _read(client, "/api/v1/explain", params=asked)
    assert [each["code"] for each in msgspec.json.decode(body)["findings"]] == [FINDING.code]


async def test_explain_takes_url_method_and_headers(client: TestClient) -> None:
    asked = [("url", "https://10.0.0.1/x"), ("method", "PUT"), ("header", "Host: shop.test")]
    status, body = await _read(client, "/api/v1/explain", params=asked)
    answer = msgspec.json.decode(body)

    assert status == 200
    assert answer["query"]["method"] == "PUT"
    assert answer["outcome"]["action"] == "forward"
    assert answer["routes"][0]["route"]["path"] == "/"


async def test_explain_says_what_is_wrong_with_the_question(client: TestClient) -> None:
    status, body = await _read(client, "/api/v1/explain")

    assert status == 400
    assert "is not a URL" in msgspec.json.decode(body)["error"]


async def test_the_dashboard_shows_routes_findings_and_state(client: TestClient) -> None:
    status, page = await _read(client, "/")

    assert status == 200
    for shown in ("shop.test", "/cart", "10.0.0.1:8080", "shop/tls", "ServiceNotFound", "ready"):
        assert shown in page
    assert "&lt;b&gt;gone&lt;/b&gt;" in page
    assert "<b>gone" not in page


async def test_the_dashboard_explains(client: TestClient) -> None:
    _, page = await _read(client, "/", params={"url": "https://shop.test/cart", "method": "GET"})

    assert "wins" in page
    assert "Service shop/gone does not exist" in page


@pytest.mark.parametrize("url", ["ftp://x", '"><script>alert(1)</script>', "http://a b/"])
async def test_the_dashboard_survives_any_url(client: TestClient, url: str) -> None:
    status, page = await _read(client, "/", params={"url": url})

    assert status == 200
    assert "<script>" not in page


async def test_the_dashboard_loads_nothing_from_elsewhere(client: TestClient) -> None:
    async with client.get("/") as answer:
        page = await answer.text()
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")

    assert "http://" not in page.replace('placeholder="http://kubia.example.com/foo"', "")
    assert "https://" not in page


@pytest.mark.parametrize("path", ["/api/v1/routes", "/api/v1/findings"])
async def test_lists_follow_what_they_list(client: TestClient, view: StillView, path: str) -> None:
    before = await _read(client, path)
    view.findings = ()
    view.table = msgspec.structs.replace(view.table, generation=8)
    after = await _read(client, path)

    assert before != after
    assert before[0] == after[0] == 200
