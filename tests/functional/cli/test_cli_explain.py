from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from aiohttp import web
from support.commands import EXAMPLES, ingressd

from ingressd.admin.server import admin_application
from ingressd.admin.view import State
from ingressd.cli.compiled import Compilation, compile_source
from ingressd.cli.options.sources import SourceOptions
from ingressd.compiler.settings import BackendOverride, CompilerSettings
from ingressd.proxy.observing.metrics import Snapshot
from ingressd.resources.finding import Finding
from ingressd.routing.deciding.redirects import Ports
from ingressd.routing.explaining.explain import Explanation
from ingressd.routing.table import Table

KUBIA = ("--manifests", EXAMPLES / "kubia", "--backend", "kubia=127.0.0.1:8080")
URL = "http://kubia.example.com/foo"


def test_says_which_rule_won_and_why_the_others_lost() -> None:
    result = ingressd("explain", URL, *KUBIA)
    assert result.exit_code == 0
    for line in (
        "=> goes to Service default/kubia, port 80",
        "  rule     Prefix /foo on kubia.example.com",
        "  from     Ingress default/kubia, spec.rules[0].http.paths[1]",
        "      / is a shorter prefix than /foo",
        "      Exact /bar is not /foo",
    ):
        assert line in result.output.splitlines()


def test_shows_what_is_wrong_behind_it() -> None:
    result = ingressd("explain", URL, *KUBIA[:2])
    assert "=> 503" in result.output
    assert "Findings about the objects involved" in result.output
    assert "Service default/kubia" in result.output


def test_json_is_the_explanation() -> None:
    result = ingressd("explain", URL, *KUBIA, "--output", "json")
    explanation = msgspec.json.decode(result.output, type=Explanation)
    assert explanation.winner is not None
    assert explanation.winner.path == "/foo"


def test_a_host_header_replaces_the_host() -> None:
    result = ingressd(
        "explain", "http://127.0.0.1:8080/foo", "-H", "Host: kubia.example.com", *KUBIA
    )
    assert "rule     Prefix /foo on kubia.example.com" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((URL,), "No manifests given"),
        (("ftp://x/", *KUBIA), "is not a URL such as"),
        ((URL, "-H", "nonsense", *KUBIA), "is not a header such as"),
        ((URL, "--admin", "http://127.0.0.1:1", *KUBIA), "--admin excludes"),
        ((URL, "--admin", "127.0.0.1:10254"), "is not a URL such as http://127.0.0.1:10254"),
    ],
)
def test_usage_errors(arguments: tuple[str, ...], message: str) -> None:
    result = ingressd("explain", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())


class StillView:
    """A running program that never changes."""

    ports = Ports()

    def __init__(self, compilation: Compilation) -> None:
        self._compilation = compilation

    @property
    def table(self) -> Table:
        return self._compilation.table

    @property
    def findings(self) -> Sequence[Finding]:
        return self._compilation.findings

    @property
    def state(self) -> State:
        return State(draining=False, changed_at=0.0, restarts=0, workers=())

    async def snapshot(self) -> Snapshot:
        return Snapshot()


@pytest.fixture
async def admin() -> AsyncIterator[str]:
    overrides = (BackendOverride("default", "kubia", "", "127.0.0.1", 8080),)
    settings = CompilerSettings(
        serve_every_class=True, from_files=True, local_addresses=True, overrides=overrides
    )
    source = SourceOptions((str(EXAMPLES / "kubia"),), settings=settings)
    runner = web.AppRunner(admin_application(StillView(compile_source(source)), ""))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_running_one_answers_the_same(admin: str) -> None:
    remote = await asyncio.to_thread(ingressd, "explain", URL, "--admin", f"{admin}/")
    assert remote.exit_code == 0
    assert remote.output == ingressd("explain", URL, *KUBIA).output


async def test_a_running_one_may_refuse_the_question(admin: str) -> None:
    result = await asyncio.to_thread(ingressd, "explain", "ftp://x/", "--admin", admin)
    assert result.exit_code == 2
    assert "is not a URL such as" in " ".join(result.output.split())


async def test_another_server_is_told_apart(admin: str) -> None:
    result = await asyncio.to_thread(ingressd, "explain", URL, "--admin", f"{admin}/elsewhere")
    assert result.exit_code == 2
    assert "404" in result.output


def test_nobody_answers(unused_tcp_port: int) -> None:
    result = ingressd("explain", URL, "--admin", f"http://127.0.0.1:{unused_tcp_port}")
    assert result.exit_code == 2
    assert "refused" in result.output
