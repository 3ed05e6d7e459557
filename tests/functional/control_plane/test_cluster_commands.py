"""The command line on a cluster: the same answers as on files, and what a cluster adds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from click.testing import Result
from support.api_server import ApiDouble, Hang, Refusal, Reset, write_kubeconfig
from support.clients import fetch
from support.commands import ingressd
from support.pods import named, pod
from support.processes import PROGRAM, READY, line_with, started, stop

ADMIN = re.compile(r"admin port (\d+)")
PROMPT_SECONDS = 5.0
"""Half of what is announced to load balancers, and many times what an exit takes."""
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def add_shop(double: ApiDouble, host: str, ingress_class: str = "ingressd") -> None:
    path = {"path": "/", "pathType": "Prefix", "backend": BACKEND}
    rules = [{"host": host, "http": {"paths": [path]}}]
    double.put("ingresses", host, spec={"ingressClassName": ingress_class, "rules": rules})


@pytest.fixture
async def double() -> AsyncIterator[ApiDouble]:
    double = ApiDouble()
    double.put("namespaces", "kube-system")
    double.put("services", "web", spec={"ports": [{"port": 80}]})
    double.put(
        "endpointslices",
        "web-1",
        metadata={"labels": {"kubernetes.io/service-name": "web"}},
        endpoints=[{"addresses": ["10.0.0.7"]}],
        ports=[{"port": 8080}],
    )
    add_shop(double, "shop.test")
    async with double.serving():
        yield double


@pytest.fixture
def kubeconfig(double: ApiDouble, tmp_path: Path) -> Path:
    return write_kubeconfig(tmp_path, double.url)


async def run(*arguments: object) -> Result:
    """A command beside the loop that serves the double."""
    return await asyncio.to_thread(ingressd, *arguments)


async def test_routes_hosts_and_explain_list_the_cluster_once(
    double: ApiDouble, kubeconfig: Path
) -> None:
    routes = await run("routes", "--kubeconfig", kubeconfig)
    assert "shop.test" in routes.output
    assert "10.0.0.7:8080" in routes.output
    assert (await run("hosts", "--kubeconfig", kubeconfig)).output == "127.0.0.1\tshop.test\n"
    explained = await run("explain", "http://shop.test/", "--kubeconfig", kubeconfig)
    assert "default/web" in explained.output
    assert double.requests["list", "ingresses"] == 3


async def test_check_tells_what_is_wrong_in_the_cluster(
    double: ApiDouble, kubeconfig: Path
) -> None:
    clean = await run("check", "--kubeconfig", kubeconfig)
    assert (clean.exit_code, clean.output.split(" in ")[0]) == (0, "nothing wrong")
    double.fail_always("list", "secrets", Refusal(403, "Forbidden"))
    forbidden = await run("check", "--kubeconfig", kubeconfig)
    assert forbidden.exit_code == 1
    assert "[ApiForbidden]" in forbidden.output


async def test_other_controllers_ingresses_are_not_ours(
    double: ApiDouble, kubeconfig: Path
) -> None:
    double.put("ingressclasses", "other", spec={"controller": "example.com/other"})
    add_shop(double, "other.test", "other")
    assert "other.test" not in (await run("routes", "--kubeconfig", kubeconfig)).output


async def test_a_server_that_cannot_be_reached_is_unusable_input(
    double: ApiDouble, kubeconfig: Path
) -> None:
    for plural in ("ingresses", "services"):
        double.fail_always("list", plural, Reset())
    result = await run("check", "--kubeconfig", kubeconfig)
    assert result.exit_code == 2
    assert "cannot be used since" in result.output


async def test_without_any_source_it_says_what_was_tried() -> None:
    result = await run("routes")
    assert result.exit_code == 2
    assert "use --manifests PATH or --kubeconfig FILE; not in a cluster" in result.output


def _command(kubeconfig: Path, backend: int) -> list[str]:
    return [
        PROGRAM, "run", "--kubeconfig", str(kubeconfig), "--address", "127.0.0.1",
        "--http-port", "0", "--https-port", "0", "--admin-port", "0", "--workers", "1",
        "--shutdown-grace-period", "0", "--no-access-log",
        "--backend", f"web=127.0.0.1:{backend}",
    ]  # fmt: skip


async def test_run_serves_a_cluster_and_outlives_its_api_server(
    double: ApiDouble, kubeconfig: Path
) -> None:
    async with (
        pod(named(b"web")) as backend,
        started(_command(kubeconfig, backend.port)) as process,
        ClientSession() as session,
    ):
        assert process.stderr is not None
        admin = ADMIN.search(await line_with(process.stderr, ADMIN))
        ready = READY.search(await line_with(process.stderr, READY))
        assert admin is not None
        assert ready is not None
        port, admin_url = int(ready[1]), f"http://127.0.0.1:{admin[1]}"
        assert (await fetch(port, host=b"shop.test")).body == b"web"
        add_shop(double, "new.test")
        while (await fetch(port, host=b"new.test")).status != 200:
            pass
        double.fail_always("watch", "ingresses", Reset())
        double.reset("ingresses")
        while "ApiUnreachable" not in await _text(session, f"{admin_url}/api/v1/findings"):
            pass
        metrics = await _text(session, f"{admin_url}/metrics")
        assert 'ingressd_source_stale_seconds{kind="Service"} 0.0' in metrics
        assert 'ingressd_source_stale_seconds{kind="Ingress"} 0.0\n' not in metrics
        assert await _text(session, f"{admin_url}/readyz") == "ok\n"
        assert (await fetch(port, host=b"new.test")).body == b"web"
        assert await stop(process) == 0


async def test_it_is_alive_but_not_ready_while_it_waits_for_the_api_server(
    double: ApiDouble, kubeconfig: Path
) -> None:
    double.fail("get", "namespaces", Hang())
    async with started(_command(kubeconfig, 1)) as process, ClientSession() as session:
        assert process.stderr is not None
        admin = ADMIN.search(await line_with(process.stderr, ADMIN))
        assert admin is not None
        await double.until(lambda: double.requests["get", "namespaces"] == 1)
        assert await _text(session, f"http://127.0.0.1:{admin[1]}/healthz") == "ok\n"
        async with session.get(f"http://127.0.0.1:{admin[1]}/readyz") as answer:
            assert answer.status == 503
        assert await stop(process) == 0


async def test_who_never_became_ready_leaves_at_once(double: ApiDouble, kubeconfig: Path) -> None:
    """Nobody was led to it, so there is nobody to announce the departure to."""
    double.fail_always("get", "namespaces", Hang())
    grace = ("--shutdown-grace-period", "3600")
    async with started([*_command(kubeconfig, 1), *grace]) as process:
        await double.until(lambda: double.requests["get", "namespaces"] == 1)
        async with asyncio.timeout(PROMPT_SECONDS):
            assert await stop(process) == 0


async def _text(session: ClientSession, url: str) -> str:
    async with session.get(url) as answer:
        return await answer.text()
