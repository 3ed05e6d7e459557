from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import cast

import pytest

from ingressd.resources.ingress import Ingress, IngressSpec, IngressTLS
from ingressd.resources.metadata import ObjectKey, ObjectMeta
from ingressd.resources.secret import TLS_SECRET_TYPE, Secret
from ingressd.sources.events import Added, Deleted, Event, Modified, Synced
from ingressd.sources.kubernetes.api import ApiServer
from ingressd.sources.kubernetes.contact import Contacts
from ingressd.sources.kubernetes.kinds import EVERYTHING, Scope
from ingressd.sources.kubernetes.named_secrets import NamedSecrets
from ingressd.sources.kubernetes.outbox import Outbox
from ingressd.sources.kubernetes.watching import Watching


def nothing_may_start(coroutine: Coroutine[None, None, None]) -> asyncio.Task[None]:
    coroutine.close()
    pytest.fail("something is read by name")


def fed(*events: Event, scope: Scope = EVERYTHING) -> NamedSecrets:
    """What has heeded these; whatever they name exists with the usual type, so nothing is read."""
    outbox = Outbox([])
    no_server = cast("ApiServer", None)
    shared = Watching(no_server, outbox, Contacts("", outbox.put))
    named = NamedSecrets(scope, shared, nothing_may_start)
    named.heed(events)
    return named


def secret(name: str, type_: str = TLS_SECRET_TYPE) -> Secret:
    return Secret(metadata=ObjectMeta(name=name, namespace="default"), type=type_)


def ingress(name: str, *secrets: str) -> Ingress:
    tls = tuple(IngressTLS(secret_name=secret) for secret in secrets)
    return Ingress(metadata=ObjectMeta(name=name, namespace="default"), spec=IngressSpec(tls=tls))


def fastest(action: Callable[[], object], times: int = 7) -> float:
    """Seconds of the best try."""

    def once() -> float:
        begun = time.perf_counter()
        action()
        return time.perf_counter() - begun

    return min(once() for _ in range(times))


def test_where_all_is_of_the_usual_type_events_pass_as_they_are() -> None:
    named = fed()
    first = (Added(ingress("web", "cert")), Added(secret("cert")), Synced())
    assert named.heed(first) is first
    later = (Modified(ingress("web")), Added(ingress("other", "cert")))
    assert named.heed(later) is later
    assert named.tasks == []


def test_what_only_others_serve_is_not_read() -> None:
    scope = Scope(is_served=lambda ingress, _: ingress.metadata.name != "theirs")
    named = fed(Added(ingress("theirs", "cert")), Synced(), scope=scope)
    named.heed([Modified(ingress("theirs", "other"))])
    with pytest.raises(pytest.fail.Exception, match="read by name"):
        named.heed([Added(ingress("ours", "cert"))])


def test_an_event_costs_what_it_changes_however_many_ingresses_there_are() -> None:
    def hundred_events(named: NamedSecrets) -> None:
        for number in range(25):
            named.heed([Added(ingress("web", "a"))])
            named.heed([Modified(ingress("web", "a", "b"))])
            named.heed([Deleted(ObjectKey("Ingress", "default", "web"))])
            named.heed([Added(secret(f"new-{number}"))])

    def among(count: int) -> float:
        others = [Added(ingress(f"other-{number}", f"{number}")) for number in range(count)]
        held = [Added(secret(str(number))) for number in range(count)]
        named = fed(*others, *held, Added(secret("a")), Added(secret("b")), Synced())
        return fastest(lambda: hundred_events(named))

    assert among(10_000) < 20 * among(10)
