"""At which pace a writer writes, and when it writes the same again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support.object_store_api import ObjectStoreApi
from support.simulated_time import run_simulated

from ingressd.controller.cluster.allowance import TokenBucket
from ingressd.controller.cluster.failures import FIRST_PAUSE, Failures
from ingressd.controller.cluster.pen import Pen
from ingressd.sources.kubernetes.errors import ApiError, ApiUnreachable, KubernetesError

RATE, BURST = 2, 3
BUSY = ApiError(429, "TooManyRequests", "later", retry_after=20.0)
FORBIDDEN = ApiError(403, "Forbidden", "not you")


def with_pen(scene: Callable[[Pen], Awaitable[None]]) -> None:
    """Play a scene with a pen whose tokens are all there, in simulated time."""

    async def main() -> None:
        bucket = TokenBucket(RATE, BURST, asyncio.get_running_loop().time())
        await scene(Pen(ObjectStoreApi(), "status", Failures(), lambda: True, bucket))  # type: ignore[arg-type]

    run_simulated(main())


async def waited(pen: Pen) -> float:
    """Seconds until the next turn."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    await pen.turn()
    return loop.time() - start


def test_a_burst_goes_out_at_once_and_then_one_at_a_time() -> None:
    async def scene(pen: Pen) -> None:
        assert [await waited(pen) for _ in range(BURST + 2)] == [0.0] * BURST + [1 / RATE] * 2

    with_pen(scene)


@pytest.mark.parametrize(
    ("error", "is_tried_again", "pause"),
    [
        (ApiUnreachable("refused"), True, FIRST_PAUSE),
        (ApiError(500, "InternalError", "oops"), True, FIRST_PAUSE),
        (BUSY, True, 20.0),
        (FORBIDDEN, False, 0.0),
    ],
)
def test_what_may_work_later_is_tried_again_after_a_pause(
    error: KubernetesError, is_tried_again: bool, pause: float
) -> None:
    async def scene(pen: Pen) -> None:
        assert pen.failed(error) == is_tried_again
        assert pen.failures.counts["status"] == 1
        assert await waited(pen) == pause

    with_pen(scene)


def test_success_ends_the_doubling_of_pauses() -> None:
    async def scene(pen: Pen) -> None:
        pauses = []
        for works in (False, False, True):
            pen.failed(ApiUnreachable("refused"))
            pauses.append(await waited(pen))
            if works:
                pen.worked()
        pen.failed(ApiUnreachable("refused"))
        pauses.append(await waited(pen))
        assert pauses == [1.0, 2.0, 4.0, 1.0]

    with_pen(scene)


def test_what_works_again_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(pen: Pen) -> None:
        pen.failed(FORBIDDEN)
        pen.worked()
        pen.worked()

    with caplog.at_level("INFO"):
        with_pen(scene)
    assert [record.getMessage() for record in caplog.records] == [
        f"status: {FORBIDDEN}",
        "status: works again",
    ]


async def test_a_patch_is_a_merge_patch_and_all_else_plain_json() -> None:
    api = ObjectStoreApi()  # which asserts it
    bucket = TokenBucket(RATE, BURST, 0)
    pen = Pen(api, "status", Failures(), lambda: True, bucket)  # type: ignore[arg-type]
    await pen.send("POST", "/api/v1/things", {"metadata": {"name": "a"}, "x": 1, "y": 2})
    await pen.send("PATCH", "/api/v1/things/a", {"x": None}, fieldManager="ingressd")
    stored = api.objects["/api/v1/things/a"]
    assert ("x" in stored, stored["y"]) == (False, 2)
    assert api.queries["/api/v1/things/a"] == {"fieldManager": "ingressd"}
