"""Malformed and hostile objects that a real API server lets through, and what they cost others."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.cluster.api import ApiError, Object
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service

PREFIX = "nginx.ingress.kubernetes.io"
ANNOTATION_BYTES = 256 << 10
"""All that one object may have (apimachinery's TotalAnnotationSizeLimitB), names included."""
PROMPT_SECONDS = 2.0
STALL_SECONDS = 1.0
EVENTS_OF_A_KIND = 11
"""Ten, and one that stands for all others of the same reason."""
LONGEST_MESSAGE = 1024


def rule(host: str, *paths: str, to: str = "web") -> Object:
    backend = {"service": {"name": to, "port": {"number": 80}}}
    entries = [
        {"path": path, "pathType": "ImplementationSpecific", "backend": backend} for path in paths
    ]
    return {"host": host, "http": {"paths": entries}}


def ingress(
    name: str, *paths: str, annotations: dict[str, str] | None = None, **spec: object
) -> Object:
    prefixed = {f"{PREFIX}/{key}": value for key, value in (annotations or {}).items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": prefixed},
        "spec": {"ingressClassName": "ingressd", "rules": [rule(f"{name}.test", *paths)], **spec},
    }


@pytest.fixture
async def running(
    cluster: Cluster, namespace: Namespace, account: Path
) -> AsyncIterator[Controller]:
    """One pod, a good Ingress, and ingressd."""
    await namespace.apply(deployment("web"), service("web"), ingress("good", "/"))
    await namespace.has_addresses("web", 1)
    async with controller(account, "--watch-namespace", namespace.name) as running:
        await eventually(lambda: running.service("good.test"), lambda found: found == "web")
        yield running


def ingresses(namespace: Namespace) -> str:
    return f"/apis/networking.k8s.io/v1/namespaces/{namespace.name}/ingresses"


@asynccontextmanager
async def undisturbed(running: Controller) -> AsyncIterator[None]:
    """All the while the neighbour is served, and never late; the last answer comes afterwards."""
    answers: list[tuple[str, float]] = []
    ends = asyncio.Event()

    async def keep_asking() -> None:
        is_last = False
        while not is_last:
            is_last, asked_at = ends.is_set(), time.monotonic()
            answers.append((await running.service("good.test"), time.monotonic() - asked_at))

    asking = asyncio.create_task(keep_asking())
    try:
        yield
    finally:
        ends.set()
        await asking
    assert {service for service, _ in answers} == {"web"}
    assert max(seconds for _, seconds in answers) < STALL_SECONDS


async def endured(namespace: Namespace, running: Controller, hostile: Object) -> None:
    """Create it, and change the neighbour right after it."""
    rules = [rule(host, "/") for host in ("good.test", "new.test")]
    async with undisturbed(running):
        await namespace.api.create(ingresses(namespace), hostile)
        await namespace.api.patch(f"{ingresses(namespace)}/good", {"spec": {"rules": rules}})
        await eventually(
            lambda: running.service("new.test"),
            lambda found: found == "web",
            seconds=PROMPT_SECONDS,
        )


async def serves(running: Controller, host: str, path: str, expected: str = "web") -> None:
    await eventually(lambda: running.service(host, path), lambda found: found == expected)


async def messages(namespace: Namespace, name: str, reason: str) -> list[str]:
    """What the Events of an Ingress say."""
    found = await namespace.api.get(
        f"/api/v1/namespaces/{namespace.name}/events",
        fieldSelector=f"involvedObject.name={name},reason={reason}",
    )
    return [each["message"] for each in found["items"]]


async def told(namespace: Namespace, name: str, reason: str, count: int = 1) -> list[str]:
    """Wait for that many Events, and return what they say."""
    return await eventually(
        lambda: messages(namespace, name, reason), lambda found: len(found) == count
    )


async def test_a_path_with_a_space_costs_that_path_only(
    namespace: Namespace, running: Controller
) -> None:
    await endured(namespace, running, ingress("spaced", "/a b", "/fine"))
    await serves(running, "spaced.test", "/fine")
    await told(namespace, "spaced", "PathInvalid")
    assert "PathInvalid" in await namespace.kubectl("describe", "ingress", "spaced")


async def test_regular_expressions_that_would_be_bombs_elsewhere(
    namespace: Namespace, running: Controller
) -> None:
    """The first keeps a backtracking engine busy for ever, the next needs gigabytes, and what the
    others ask for cannot be had in linear time, or not at all."""
    paths = ("/(a+)+$", "/((b{99}){99}){99}", "/(?=c)c", "/x(", "/fine")
    await endured(namespace, running, ingress("bomb", *paths, annotations={"use-regex": "true"}))
    await serves(running, "bomb.test", "/fine")
    await serves(running, "bomb.test", "/aaa")
    async with undisturbed(running):
        assert await running.service("bomb.test", f"/{'a' * 4000}!") == "404"
    nested, look_ahead, unclosed = sorted(await told(namespace, "bomb", "RegexInvalid", 3))
    assert "more than 1000" in nested
    assert "look-ahead is not supported" in look_ahead
    assert "a parenthesis is not closed" in unclosed


async def test_annotations_as_large_as_they_may_be(
    namespace: Namespace, running: Controller
) -> None:
    annotations = {
        "proxy-read-timeout": "x" * (128 << 10),
        "configuration-snippet": "",
    }
    taken = sum(len(f"{PREFIX}/{key}{value}") for key, value in annotations.items())
    annotations["configuration-snippet"] = ";" * (ANNOTATION_BYTES - taken)
    await endured(namespace, running, ingress("huge", "/", annotations=annotations))
    await serves(running, "huge.test", "/")
    await told(namespace, "huge", "AnnotationInvalid")
    await told(namespace, "huge", "AnnotationUnsupported")

    annotations["configuration-snippet"] += ";"
    with pytest.raises(ApiError, match="must have at most"):
        await namespace.api.create(
            ingresses(namespace), ingress("larger", "/", annotations=annotations)
        )


async def test_two_thousand_rules_with_something_wrong_in_each(
    namespace: Namespace, running: Controller
) -> None:
    rules = [rule(f"r{number}.test", "/", "/a b") for number in range(2000)]
    rules[0] = rule("r0.test", "/", "/a " + "b" * 5000)
    await endured(namespace, running, ingress("many", rules=rules))
    lost = ingress("lost", rules=[rule("lost.test", "/", to="missing")])
    await namespace.api.create(ingresses(namespace), lost)
    await told(namespace, "lost", "ServiceMissing")
    await serves(running, "r1999.test", "/")

    said = await told(namespace, "many", "PathInvalid", EVENTS_OF_A_KIND)
    assert sum(message.startswith("(combined from similar events)") for message in said) == 1
    cut = [message for message in said if message.endswith("…")]
    assert [len(message) for message in cut] == [LONGEST_MESSAGE]
    assert max(map(len, said)) == LONGEST_MESSAGE


async def test_a_secret_full_of_garbage(namespace: Namespace, running: Controller) -> None:
    garbage = base64.b64encode(b"not a certificate").decode()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "garbage"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": garbage, "tls.key": garbage},
    }
    tls = [{"hosts": ["tls.test"], "secretName": "garbage"}]
    await namespace.apply(secret)
    await endured(namespace, running, ingress("tls", "/", tls=tls))
    await serves(running, "tls.test", "/", "308")
    await told(namespace, "tls", "CertificateInvalid")
