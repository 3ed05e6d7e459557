from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from support.objects import all_of, ingress, rule, service
from support.routes import certificate

from ingressd.cli.running.live_view import FINDINGS_LAST, LiveView
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.loop import Follower
from ingressd.proxy.settings import ProxySettings
from ingressd.routing.deciding.redirects import Ports
from ingressd.sources.events import Added, Event, KindState
from ingressd.workers.supervisor import Supervisor
from ingressd.workers.worker import WorkerSettings

STATE = KindState("Ingress", 1.5, relists=0, restarts=0)


class Failing:
    """A source that fails once and then ends."""

    states = (STATE,)
    has_failed = False

    async def batches(self) -> AsyncIterator[Sequence[Event]]:
        if not self.has_failed:
            self.has_failed = True
            raise OSError("gone")
        yield ()


class Live:
    """A view of a controller with one finding, and the clock it looks at."""

    def __init__(self) -> None:
        self.seconds = 0.0
        fallback = certificate("ingress.local", fingerprint="fallback", secret="")
        self.controller = Controller(
            CompilerSettings(), fallback_certificate=fallback, now=lambda: 0.0
        )
        self.controller.apply(all_of(ingress("web", rule("a.example.com", "/"))))
        self.supervisor = Supervisor(
            WorkerSettings(ProxySettings(affinity_key=b"k" * 32)), (), self.controller.full
        )
        self.follower = Follower(self.controller, Failing(), self.supervisor.publish)
        self.view = LiveView(
            self.controller, self.supervisor, self.follower, Ports(), now=lambda: self.seconds
        )


@pytest.fixture
def live() -> Live:
    return Live()


def test_findings_are_gathered_once_for_each_batch(live: Live) -> None:
    first = live.view.findings
    assert [finding.code for finding in first] == ["ServiceMissing"]
    assert live.view.findings is first

    live.controller.apply([Added(service("web"))])
    assert [finding.code for finding in live.view.findings] == ["ServiceWithoutEndpoints"]


def test_findings_are_gathered_again_in_time_because_certificates_expire(live: Live) -> None:
    first = live.view.findings
    live.seconds = FINDINGS_LAST - 1
    assert live.view.findings is first
    live.seconds = FINDINGS_LAST
    assert live.view.findings is not first


async def test_what_failed_is_counted(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingressd.workers.channel.MAX_FRAME", 1)
    live.supervisor.publish(live.controller.full())
    live.supervisor.publish(live.controller.full())
    async with asyncio.timeout(5):
        await live.follower.run()

    assert live.view.state.publish_failures == 1
    assert live.view.state.source_failures == 1
    assert live.view.state.kinds == (STATE,)
