"""Header fields that pods get, and those of every answer."""

from __future__ import annotations

from msgspec import structs
from support.proxies import environment, route, simple
from support.requests import get

from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.fields import answer_fields, pod_fields
from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.patterns import compile_pattern
from ingressd.routing.policy import (
    AnswerFields,
    FieldAction,
    FieldEdit,
    PodFields,
    Policy,
    Rewrite,
)


def everywhere(**fields: tuple[tuple[str, str], ...]) -> Environment:
    around = environment()
    policy = GlobalPolicy(**fields)  # type: ignore[arg-type]
    around.current.apply(structs.replace(simple(()), global_policy=policy))
    return around


async def test_what_an_ingress_says_wins_over_what_is_said_for_all() -> None:
    around = everywhere(answer_fields=(("X-A", "all"), ("X-B", "all"), ("X-C", "all")))
    own = AnswerFields(
        custom=(("X-B", "$custom"), ("X-C", "custom")),
        edits=(FieldEdit(FieldAction.SET, "X-C", "$host"),),
    )
    edit = answer_fields(route(policy=Policy(answer_fields=own)), around)
    assert edit is not None
    assert edit(get(), 502, [b"X-A: pod\r\n"]) == [
        b"X-A: all\r\n", b"X-B: $custom\r\n", b"X-C: a.test\r\n"
    ]  # fmt: skip


async def test_what_pods_get() -> None:
    around = everywhere(pod_fields=(("X-Env", "all"), ("X-Kind", "all")))
    fields = PodFields(
        original_uri=True, prefix="/$1", edits=(FieldEdit(FieldAction.REMOVE, "x-kind"),)
    )
    policy = Policy(pod_fields=fields, rewrite=Rewrite("/$2"))
    act = pod_fields(route(policy=policy), around)
    assert act is not None
    request = get(b"/app/x?q", b"X-Env: forged\r\nX-A: 1\r\nX-Original-URI: /forged\r\n")
    before = request.lines
    act(request, compile_pattern("/(app)/(.*)").match("/app/x"))
    assert request.lines == [
        b"X-A: 1\r\n",
        b"X-Env: all\r\n",
        b"X-Original-URI: /app/x?q\r\n",
        b"X-Forwarded-Prefix: /app\r\n",
    ]
    assert len(before) == 3, "other tries may hold it"


async def test_constant_fields() -> None:
    fields = PodFields(edits=(FieldEdit(FieldAction.SET, "X-Env", "test"),))
    act = pod_fields(route(policy=Policy(pod_fields=fields)), environment())
    assert act is not None
    act(request := get(), None)
    assert request.lines == [b"X-Env: test\r\n"]


async def test_nothing_said_costs_nothing() -> None:
    prefix_alone = route(policy=Policy(pod_fields=PodFields(prefix="/app")))
    for plain in (route(), prefix_alone):
        assert pod_fields(plain, environment()) is answer_fields(plain, environment()) is None
