from __future__ import annotations

import msgspec

from ingressd.admin.view import State, WorkerState
from ingressd.sources.events import KindState


def _state(*serving: bool, draining: bool = False) -> State:
    workers = tuple(WorkerState(i, i, int(s), s, 0.0) for i, s in enumerate(serving))
    return State(draining=draining, changed_at=0.0, restarts=0, workers=workers)


def test_ready_means_every_worker_serves() -> None:
    assert _state(True, True).unready == ""
    assert _state(True, False).unready == "1 of 2 workers serve the first full table"


def test_a_program_without_workers_is_not_ready() -> None:
    assert _state().unready == "0 of 0 workers serve the first full table"


def test_what_is_in_the_way_of_the_first_table_is_named() -> None:
    kinds = (KindState("Ingress", 1.0, 0, 0, "forbidden"), KindState("Secret", 1.0, 0, 0))
    waiting = msgspec.structs.replace(_state(False), kinds=kinds)
    assert waiting.unready == "0 of 1 workers serve the first full table; forbidden"
    assert msgspec.structs.replace(_state(True), kinds=kinds).unready == ""


def test_draining_beats_everything() -> None:
    assert _state(True, draining=True).unready == "shutting down"
