from __future__ import annotations

import asyncio

import pytest

from ingressd.resources.finding import Finding
from ingressd.sources.events import KindState, Reported
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.errors import ApiError, ApiSilent, ApiUnreachable
from ingressd.sources.kubernetes.kinds import Scope, watched_kinds

INGRESSES, CLASSES, SERVICES, SECRETS, OTHER_SECRET = watched_kinds(
    Scope("shop", default_ssl_certificate="web/tls")
)
AWAY = ApiUnreachable("connection refused")


class Told:
    """Contacts with a clock of their own, and the last report."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.reports: list[tuple[Finding, ...]] = []
        self.contacts = Contacts(
            "https://10.0.0.1", self._take, clock=lambda: self.now, wall_clock=lambda: 1.8e9
        )

    def _take(self, events: object) -> None:
        assert isinstance(events, list)
        for event in events:
            assert isinstance(event, Reported)
            self.reports.append(event.findings)

    @property
    def states(self) -> dict[str, KindState]:
        return {state.kind: state for state in self.contacts.states}


@pytest.fixture
async def told() -> Told:
    return Told()


async def test_an_open_watch_is_never_stale(told: Told) -> None:
    told.contacts.listed(INGRESSES)
    told.contacts.opened(INGRESSES)
    told.now += 100.0
    assert told.states["Ingress"] == KindState("Ingress", 0.0, relists=0, restarts=0)


async def test_staleness_counts_from_what_was_heard_last(told: Told) -> None:
    told.contacts.opened(INGRESSES)
    told.now += 100.0
    told.contacts.ended(INGRESSES, last_heard=1040.0)
    assert told.states["Ingress"].stale == 60.0
    told.contacts.opened(INGRESSES)
    assert told.states["Ingress"] == KindState("Ingress", 0.0, relists=0, restarts=1)


async def test_the_worst_collection_of_a_kind_counts(told: Told) -> None:
    told.contacts.opened(SECRETS)
    told.contacts.listed(OTHER_SECRET)
    told.now += 5.0
    assert told.states["Secret"].stale == 5.0


async def test_one_failure_is_not_worth_telling(told: Told) -> None:
    told.contacts.failed(INGRESSES, "watch", AWAY)
    told.contacts.opened(INGRESSES)
    told.contacts.failed(INGRESSES, "watch", AWAY)
    assert told.reports == []


async def test_an_outage_is_one_finding_for_all_kinds(told: Told) -> None:
    for kind in (SERVICES, INGRESSES, INGRESSES, SERVICES, SERVICES):
        told.contacts.failed(kind, "watch", AWAY)
    (finding,) = told.reports[-1]
    assert finding.message == (
        "the API server cannot be used since 2027-01-15 08:00:00 UTC (connection refused); "
        "Ingress, Service stay as they were then"
    )
    told.contacts.opened(INGRESSES)
    told.contacts.opened(SERVICES)
    assert told.reports[-1] == ()
    assert len(told.reports) == 4


async def test_what_is_forbidden_is_told_at_once_with_its_remedy(told: Told) -> None:
    told.contacts.failed(CLASSES, "list", ApiError(403, "Forbidden", ""))
    (finding,) = told.reports[-1]
    assert finding.code == "ApiForbidden"
    assert "forbids to list ingressclasses.networking.k8s.io (" in finding.message
    assert "where none was read, everything else is served without" in finding.message
    assert (
        'apiGroups ["networking.k8s.io"], resources ["ingressclasses"], verbs ["list", "watch"]'
        in finding.remedy
    )
    assert "kubectl auth can-i list ingressclasses.networking.k8s.io" in finding.remedy
    told.contacts.opened(CLASSES)
    assert told.reports[-1] == ()


@pytest.mark.parametrize("status", [403, 404])
async def test_what_cannot_be_done_without_is_in_the_way_until_it_is_read(
    told: Told, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    told.contacts.failed(CLASSES, "list", ApiError(status, "", ""))
    told.contacts.failed(INGRESSES, "list", ApiError(status, "", ""))
    assert "ingresses.networking.k8s.io" in told.states["Ingress"].obstacle
    assert "a replica that has not read any is not ready" in told.reports[-1][1].message
    assert told.reports[-1][1].remedy in caplog.text
    assert told.states["IngressClass"].obstacle == ""
    told.contacts.listed(INGRESSES)
    told.contacts.failed(INGRESSES, "list", ApiError(status, "", ""))
    assert told.states["Ingress"].obstacle == ""


async def test_a_refusal_is_an_answer_and_ends_the_outage(told: Told) -> None:
    for _ in range(2):
        told.contacts.failed(SERVICES, "watch", AWAY)
    told.contacts.failed(SERVICES, "list", ApiError(403, "Forbidden", ""))
    assert [finding.code for finding in told.reports[-1]] == ["ApiForbidden"]
    told.contacts.failed(SERVICES, "list", AWAY)
    assert [finding.code for finding in told.reports[-1]] == ["ApiForbidden"]


async def test_silence_is_told_at_once(told: Told) -> None:
    told.contacts.failed(SERVICES, "watch", ApiSilent("no answer in time"))
    assert [finding.code for finding in told.reports[-1]] == ["ApiUnreachable"]


async def test_a_server_that_is_back_is_asked_for_all_kinds_at_once(told: Told) -> None:
    for _ in range(2):
        told.contacts.failed(INGRESSES, "watch", AWAY)
    waiting = asyncio.create_task(told.contacts.pause(3600.0, to_the_end=False))
    obeying = asyncio.create_task(told.contacts.pause(3600.0, to_the_end=True))
    await asyncio.sleep(0)
    told.contacts.opened(INGRESSES)
    await waiting
    assert not obeying.done()
    obeying.cancel()


def test_what_is_no_longer_watched_is_not_stale_and_still_counted(told: Told) -> None:
    for _ in range(3):
        told.contacts.listed(OTHER_SECRET)
        told.contacts.opened(OTHER_SECRET)
    told.contacts.ended(OTHER_SECRET, told.now)
    told.contacts.failed(OTHER_SECRET, "list", ApiError(403, "Forbidden", "no", None))
    told.contacts.forget(OTHER_SECRET)
    told.now += 5.0
    assert told.states["Secret"] == KindState("Secret", 0.0, 2, 2)
    assert [len(report) for report in told.reports] == [1, 0]
    told.contacts.forget(OTHER_SECRET)
    assert told.states["Secret"] == KindState("Secret", 0.0, 2, 2)


def test_what_was_never_read_leaves_nothing_behind(told: Told) -> None:
    told.contacts.failed(OTHER_SECRET, "list", ApiError(403, "Forbidden", ""))
    told.contacts.forget(OTHER_SECRET)
    assert told.states == {}
