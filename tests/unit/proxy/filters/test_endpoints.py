"""Which upstream takes a request, and what is said where none can."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.error_pages import ERRORS
from support.proxies import BACKEND, environment, route, upstream
from support.requests import client_connection, get

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.endpoints import INSECURE, UpstreamFilter, find_upstream
from ingressd.proxy.filters.filter import UNAVAILABLE, Refusal
from ingressd.routing.delta import Delta
from ingressd.routing.model import Alternative, SecretMaterial
from ingressd.routing.policy import CanaryPolicy, PodProtocol, PodTls, Policy

SHOWN = PodTls(secret="default/pods")
EMPTY = SecretMaterial("default/pods", "v1", {})
NEXT = SecretMaterial("default/pods", "v2", {})


def surroundings(*, own: bool = True, errors: bool = False) -> Environment:
    """A worker that knows both Services; those that are named have an endpoint."""
    made = environment()
    made.pool.put(upstream([80] if own else [], BACKEND))
    made.pool.put(upstream([81] if errors else [], ERRORS))
    return made


def ask(made: Environment, request: Request, **policy: object) -> object:
    act = find_upstream(route(policy=Policy(**policy)), made)  # type: ignore[arg-type]
    return act(request, None)


def key_of(request: Request) -> str | None:
    return request.upstream and request.upstream.upstream.key


async def test_a_route_finds_the_upstream_of_its_service() -> None:
    request = get()
    assert ask(surroundings(), request) is None
    assert key_of(request) == BACKEND.upstream


@pytest.mark.parametrize("is_known", [True, False])
async def test_without_an_endpoint_there_is_none(is_known: bool) -> None:
    made = surroundings(own=False) if is_known else environment()
    request = get()
    assert ask(made, request) == UNAVAILABLE
    assert request.upstream is None


async def test_a_route_without_a_service_has_none() -> None:
    act = find_upstream(route(backend=None), surroundings())
    assert act(get(), None) == UNAVAILABLE


async def test_canaries_are_reached_as_the_main_service_is() -> None:
    made = surroundings(errors=True)
    always = Alternative("default/new", "spec", ERRORS, CanaryPolicy(weight=100))
    act = find_upstream(structs.replace(route(), alternatives=(always,)), made)
    request = get()
    assert act(request, None) is None
    assert key_of(request) == ERRORS.upstream


async def test_a_plain_route_pays_for_nothing_else() -> None:
    assert isinstance(find_upstream(route(), surroundings()), UpstreamFilter)


@pytest.mark.parametrize(
    ("own", "errors", "expected", "stop"),
    [
        (True, True, BACKEND.upstream, None),
        (False, True, ERRORS.upstream, None),
        (False, False, None, UNAVAILABLE),
    ],
)
async def test_a_default_backend_takes_what_nobody_else_can(
    own: bool, errors: bool, expected: str | None, stop: Refusal | None
) -> None:
    request = get(b"/a")
    made = surroundings(own=own, errors=errors)
    assert ask(made, request, default_backend=ERRORS.upstream) == stop
    assert key_of(request) == expected
    assert (b"X-Code: 503\r\n" in request.lines) == (expected == ERRORS.upstream)


async def test_what_no_pod_may_get_the_default_backend_gets_neither() -> None:
    made, request = surroundings(errors=True), get()
    policy = {"pod_protocol": PodProtocol.HTTPS, "pod_tls": SHOWN}
    assert ask(made, request, default_backend=ERRORS.upstream, **policy) is INSECURE
    assert request.upstream is None


async def test_pods_that_speak_tls_have_connections_of_their_own() -> None:
    made, request = surroundings(), get()
    assert ask(made, request, pod_protocol=PodProtocol.HTTPS) is None
    assert key_of(request) == BACKEND.upstream
    assert request.upstream is not made.pool.get(BACKEND.upstream)
    for other in (surroundings(own=False), environment()):
        assert ask(other, get(), pod_protocol=PodProtocol.HTTPS) == UNAVAILABLE


async def test_a_new_secret_is_another_way_to_secure_them() -> None:
    made = surroundings()
    act = find_upstream(route(policy=Policy(pod_protocol=PodProtocol.HTTPS, pod_tls=SHOWN)), made)
    seen = []
    for generation, material in enumerate((EMPTY, EMPTY, NEXT), 1):
        made.current.apply(Delta(generation, secrets=(material,)))
        request = get()
        assert act(request, None) is None
        seen.append(request.upstream)
    assert seen[0] is seen[1]
    assert seen[1] is not seen[2]


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_pods_may_be_spoken_to_as_the_client_speaks(scheme: str) -> None:
    made = surroundings()
    request = get(client=client_connection(scheme))
    assert ask(made, request, pod_protocol=PodProtocol.AUTO) is None
    is_plain = request.upstream is made.pool.get(BACKEND.upstream)
    assert is_plain == (scheme == "http")
