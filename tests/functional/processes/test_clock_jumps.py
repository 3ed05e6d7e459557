"""The clock on the wall jumps, both ways: nothing that is timed, dated or kept may mind."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from msgspec import Struct
from support.certificates import CertificateAuthority
from support.clients import Client, connect
from support.pods import named, pod
from support.program import MANIFEST, Launch, Program, running
from support.waiting import until

HOUR = 3600.0
DAY = 24 * HOUR
JUMPS = (HOUR, -HOUR, 400 * DAY, -400 * DAY)

pytestmark = pytest.mark.skipif(
    shutil.which("faketime") is None, reason="needs faketime, which moves a process's clock"
)


class WallClock(Struct, frozen=True):
    """What a program takes for the time of day; its monotonic clocks go on as they do."""

    file: Path

    def jump(self, seconds: float) -> None:
        """Set it to so many seconds from now, in one step."""
        new = self.file.with_suffix(".new")
        new.write_text(f"{seconds:+.0f}")
        new.replace(self.file)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
            "LD_PRELOAD": _library(),
        }


def _library() -> str:
    """The library that the program ``faketime`` preloads."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "faketime is there, and its library is not"
    return str(found[0])


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[Program, WallClock]]:
    """The program, with an access log in a file, whose clock is right at first."""
    clock = WallClock(folder / "clock")
    clock.jump(0)
    manifest = folder / "web.yaml"
    pair = CertificateAuthority().leaf("a.test")
    await asyncio.to_thread(manifest.write_text, MANIFEST.format(host="a.test"))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "tls"},
        "stringData": {"tls.crt": pair.chain.decode(), "tls.key": pair.private_key.decode()},
    }
    await asyncio.to_thread((folder / "tls.json").write_text, json.dumps(secret))
    async with pod(named(b"web")) as backend:
        launch = Launch(
            folder,
            folder,
            ("--backend", f"web=127.0.0.1:{backend.port}", "--default-ssl-certificate",
             "default/tls"),
            workers=1,
            stdout=folder / "access.log",
            environment=clock.environment,
        )  # fmt: skip
        async with running(launch) as program:
            yield program, clock


async def logged_at(folder: Path, client: Client) -> float:
    """When the access log says that a request came which comes now."""
    log = folder / "access.log"
    before = log.read_bytes().count(b"\n")
    assert (await client.get()).body == b"web"
    await until(lambda: log.read_bytes().count(b"\n") > before)
    return datetime.fromisoformat(json.loads(log.read_text().splitlines()[-1])["time"]).timestamp()


async def test_connections_and_workers_survive_every_jump(tmp_path: Path) -> None:
    async with served(tmp_path) as (program, clock), connect(program.http) as client:
        workers = program.workers
        for seconds in JUMPS:
            await asyncio.to_thread(clock.jump, seconds)
            logged = await logged_at(tmp_path, client)
            assert abs(logged - time.time() - seconds) < 60
            assert await program.page("/readyz") == (200, "ok\n")
        assert program.workers == workers
        assert "Traceback" not in program.said
        assert await program.stop() == 0


async def test_durations_know_nothing_of_a_jump(tmp_path: Path) -> None:
    async with served(tmp_path) as (program, clock), connect(program.http) as client:
        for seconds in JUMPS:
            await client.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
            await asyncio.to_thread(clock.jump, seconds)
            await client.send(b"\r\n")
            assert (await client.response()).body == b"web"
        spent = await program.metric("ingressd_request_duration_seconds_sum", ingress="default/web")
        assert 0 <= spent < 60


@pytest.mark.parametrize("seconds", [400 * DAY, -400 * DAY])
async def test_a_certificate_is_served_whatever_day_it_is_and_that_is_told(
    tmp_path: Path, seconds: float
) -> None:
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    async with served(tmp_path) as (program, clock):
        assert "Certificate" not in (await program.page("/api/v1/findings"))[1]
        await asyncio.to_thread(clock.jump, seconds)
        await asyncio.to_thread((tmp_path / "web.yaml").write_text, MANIFEST.format(host="b.test"))
        status = 0
        while status != 200:
            async with connect(program.https, tls=anyone, server_name="b.test") as client:
                status = (await client.get(host=b"b.test")).status
        assert "Certificate" in (await program.page("/api/v1/findings"))[1]
