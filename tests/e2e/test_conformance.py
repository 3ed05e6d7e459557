"""The ingress-controller-conformance features with a real control plane, status included."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.certificates import CertificateAuthority, subject_names
from support.clients import connect
from support.cluster.cluster import Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.conformance import (
    ECHO,
    HOST_RULE_SCENARIOS,
    HOST_RULES,
    METHODS,
    PATH_RULE_SCENARIOS,
    PATH_RULES,
    PORT,
    TLS_HOST,
    UNKNOWN_CLASS_HOST,
    default_backend,
    host_rules,
    path_rules,
    services_of,
    tls_secret,
    unknown_class,
)

ADDRESSES = ("192.0.2.1", "lb.example.com")
PODS = 10
PASSED_ON = (b"content-length", b"content-type", b"date", b"server")


class Scene:
    """A namespace, and an ingressd that serves it."""

    def __init__(self, namespace: Namespace, running: Controller) -> None:
        self.namespace = namespace
        self.running = running

    async def backends(self, names: Iterable[str]) -> None:
        """A Service of one pod for each name."""
        objects = [each for name in names for each in (deployment(name), service(name, PORT))]
        await self.namespace.apply(*objects)
        for name in names:
            await self.namespace.has_addresses(name, 1)

    async def served(self, *ingresses: dict[str, Any]) -> None:
        """Ingresses of our class, once their status shows where they are served."""
        await self.namespace.apply(*(_of_our_class(each) for each in ingresses))
        for each in ingresses:
            await self.shows(each["metadata"]["name"], ",".join(ADDRESSES))

    async def shows(self, name: str, addresses: str) -> None:
        """Wait for ADDRESS of ``kubectl get ingress``."""
        await eventually(lambda: self.address(name), lambda found: found == addresses)

    async def address(self, name: str) -> str:
        """ADDRESS of ``kubectl get ingress``, which is the fourth column."""
        table = await self.namespace.kubectl("get", "ingress", name)
        head, row = table.splitlines()
        start, end = head.index("ADDRESS"), head.index("PORTS")
        return row[start:end].strip()

    async def answer(self, host: str, path: str = "/") -> str | None:
        """The Service that answered; None for 404."""
        found = await self.running.service(host, path)
        return None if found == "404" else found


def _of_our_class(ingress: dict[str, Any]) -> dict[str, Any]:
    return {**ingress, "spec": {**ingress["spec"], "ingressClassName": "ingressd"}}


@pytest.fixture
async def scene(namespace: Namespace, account: Path) -> AsyncIterator[Scene]:
    flags = (
        "--watch-namespace", namespace.name, "--no-update-status-on-shutdown",
        "--publish-status-address", ",".join(ADDRESSES),
    )  # fmt: skip
    async with controller(account, *flags) as running:
        yield Scene(namespace, running)


async def test_default_backend(scene: Scene) -> None:
    """Every method, every path, and the response fields that the feature asks for."""
    await scene.backends([ECHO])
    await scene.served(default_backend())

    assert await scene.answer("my-host") == ECHO
    assert await scene.answer("my-host", "/sub-path") == ECHO
    async with connect(scene.running.http) as client:
        for method in METHODS:
            head = f"{method} /echo HTTP/1.1\r\nHost: my-host\r\nContent-Length: 0\r\n\r\n"
            await client.send(head.encode())
            response = await client.response()
            seen = msgspec.json.decode(response.body)
            assert response.status == 200
            assert (seen["method"], seen["target"]) == (method, "/echo")
            assert ["Host", "my-host"] in seen["headers"]
            assert all(response.value(n) for n in PASSED_ON)


async def test_host_rules(scene: Scene) -> None:
    authority = CertificateAuthority()
    await scene.backends(HOST_RULES.values())
    await scene.namespace.apply(tls_secret(authority.leaf(TLS_HOST)))
    await scene.served(host_rules())

    assert await secure(scene, authority.client_context()) == (HOST_RULES[TLS_HOST], (TLS_HOST,))
    async with connect(
        scene.running.https, tls=authority.client_context(), server_name=TLS_HOST
    ) as client:
        assert (await client.get(b"/", b"subdomain.bar.com")).status == 404
    seen = [await scene.answer(host) for host, _ in HOST_RULE_SCENARIOS]
    assert seen == [wanted for _, wanted in HOST_RULE_SCENARIOS]


async def secure(scene: Scene, context: ssl.SSLContext) -> tuple[str, tuple[str, ...]]:
    """The Service behind TLS_HOST for a client that checks names, and the certificate's names."""
    found, shown = await scene.running.secure_service(TLS_HOST, "/", context)
    return found, subject_names(shown)


async def test_ingress_class(scene: Scene) -> None:
    """One of ours beside it shows that statuses are being written."""
    await scene.backends([ECHO])
    await scene.namespace.apply(unknown_class())
    await scene.served(*path_rules()[:1])

    assert await scene.address("unknown-class") == ""
    assert await scene.answer(UNKNOWN_CLASS_HOST) is None


async def test_load_balancing(scene: Scene) -> None:
    await scene.backends([ECHO])
    await scene.served(default_backend())
    await scene.namespace.kubectl("scale", f"deployment/{ECHO}", f"--replicas={PODS}")
    await scene.namespace.has_addresses(ECHO, PODS)

    await eventually(lambda: pods_of_a_hundred(scene), lambda pods: len(pods) == PODS)


async def pods_of_a_hundred(scene: Scene) -> set[bytes | None]:
    """The pods that answer a hundred requests."""
    responses = [await scene.running.get("load-balancing") for _ in range(100)]
    assert {response.status for response in responses} == {200}
    return {response.value(b"x-pod") for response in responses}


async def test_path_rules(scene: Scene) -> None:
    await scene.backends(services_of(PATH_RULES.values()))
    await scene.served(*path_rules())

    seen = [await scene.answer(host, path) for host, path, _ in PATH_RULE_SCENARIOS]
    assert seen == [wanted for _, _, wanted in PATH_RULE_SCENARIOS]
