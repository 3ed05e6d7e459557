"""Malformed and hostile objects that a real API server lets through."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service

PREFIX = "nginx.ingress.kubernetes.io"


def ingress(
    name: str, *paths: str, annotations: dict[str, str] | None = None, **spec: object
) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    entries = [
        {"path": path, "pathType": "ImplementationSpecific", "backend": backend} for path in paths
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations or {}},
        "spec": {
            "ingressClassName": "ingressd",
            "rules": [{"host": f"{name}.test", "http": {"paths": entries}}],
            **spec,
        },
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


async def created(namespace: Namespace, manifest: dict[str, Any]) -> None:
    """``kubectl create``: unlike ``apply`` it adds no annotation with the whole object again."""
    await namespace.kubectl("create", "-f", "-", input=json.dumps(manifest))


async def told(namespace: Namespace, name: str, code: str) -> None:
    """``kubectl describe`` explains it."""
    await eventually(
        lambda: namespace.kubectl("describe", "ingress", name), lambda text: code in text
    )


async def test_a_path_with_a_space_costs_that_path_only(
    namespace: Namespace, running: Controller
) -> None:
    await created(namespace, ingress("spaced", "/a b", "/fine"))
    await eventually(lambda: running.service("spaced.test", "/fine"), lambda found: found == "web")
    await told(namespace, "spaced", "PathInvalid")
    assert await running.service("good.test") == "web"


async def test_a_bad_regular_expression_costs_that_path_only(
    namespace: Namespace, running: Controller
) -> None:
    flag = {f"{PREFIX}/use-regex": "true"}
    await created(namespace, ingress("regex", "/x(", "/fine", annotations=flag))
    await eventually(lambda: running.service("regex.test", "/fine"), lambda found: found == "web")
    await told(namespace, "regex", "RegexInvalid")
    assert await running.service("good.test") == "web"


async def test_a_huge_annotation_is_carried_along(
    namespace: Namespace, running: Controller
) -> None:
    annotations = {f"{PREFIX}/session-cookie-name": "x" * 200_000}
    await created(namespace, ingress("huge", "/", annotations=annotations))
    await eventually(lambda: running.service("huge.test"), lambda found: found == "web")
    await told(namespace, "huge", "Annotation")


async def test_two_thousand_rules(namespace: Namespace, running: Controller) -> None:
    rules = [
        {
            "host": f"r{number}.test",
            "http": {
                "paths": [
                    {
                        "path": "/",
                        "pathType": "Prefix",
                        "backend": {"service": {"name": "web", "port": {"number": 80}}},
                    }
                ]
            },
        }
        for number in range(2000)
    ]
    await created(namespace, ingress("many", rules=rules))
    await eventually(lambda: running.service("r1999.test"), lambda found: found == "web")
    assert await running.service("good.test") == "web"


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
    await created(namespace, ingress("tls", "/", tls=tls))
    await eventually(lambda: running.service("tls.test"), lambda found: found == "308")
    await told(namespace, "tls", "CertificateInvalid")
    assert await running.service("good.test") == "web"
