"""Whose Ingresses are served: those that ingress-nginx served, and those that name no class."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service
from support.conformance import ingress, rule

ADDRESS = "192.0.2.1"
NGINX = "k8s.io/ingress-nginx"
TAKEOVER = ("--controller-class", NGINX, "--ingress-class", "nginx")
BY_ANNOTATION = "kubernetes.io/ingress.class"


def named(name: str, ingress_class: str | None = None, **annotations: str) -> dict[str, Any]:
    """An Ingress for NAME.test; no class unless one is given here or by annotation."""
    spec: dict[str, Any] = {"rules": [rule([("Prefix", "/", "web")], f"{name}.test")]}
    if ingress_class is not None:
        spec["ingressClassName"] = ingress_class
    made = ingress(name, spec)
    made["metadata"]["annotations"] = annotations
    return made


def annotated(name: str, ingress_class: str) -> dict[str, Any]:
    """An Ingress whose class is the older annotation's."""
    return named(name, **{BY_ANNOTATION: ingress_class})


class Classes:
    """IngressClasses belong to no namespace: those that a test makes go with it."""

    def __init__(self, cluster: Cluster) -> None:
        self._kubectl = cluster.kubectl
        self._names: list[str] = []

    async def create(self, name: str, controller_class: str) -> None:
        self._names.append(name)
        manifest = (
            "apiVersion: networking.k8s.io/v1\nkind: IngressClass\n"
            f"metadata: {{name: {name}}}\nspec: {{controller: {controller_class}}}\n"
        )
        await self._kubectl("apply", "-f", "-", input=manifest)

    async def make_default(self, name: str) -> None:
        flag = "ingressclass.kubernetes.io/is-default-class=true"
        await self._kubectl("annotate", "ingressclass", name, flag)

    async def remove(self) -> None:
        await self._kubectl("delete", "ingressclass", "--ignore-not-found", *self._names)


@pytest.fixture
async def classes(cluster: Cluster) -> AsyncIterator[Classes]:
    classes = Classes(cluster)
    await classes.create("nginx", NGINX)
    await classes.create("theirs", "example.com/theirs")
    try:
        yield classes
    finally:
        await classes.remove()


@pytest.fixture
async def flags(namespace: Namespace) -> tuple[str, ...]:
    """What every ingressd here is started with, in a namespace with a pod."""
    await namespace.apply(deployment("web"), service("web", 8080))
    await namespace.has_addresses("web", 1)
    return (
        "--watch-namespace", namespace.name, "--no-update-status-on-shutdown",
        "--publish-status-address", ADDRESS,
    )  # fmt: skip


async def is_served(running: Controller, namespace: Namespace, name: str) -> None:
    """It has its route and its address."""
    await eventually(lambda: running.service(f"{name}.test"), lambda found: found == "web")
    await namespace.has_ingress_addresses(name, ADDRESS)


async def is_not_served(running: Controller, namespace: Namespace, name: str) -> None:
    """It has, or comes to have, neither."""
    await eventually(lambda: running.service(f"{name}.test"), lambda found: found == "404")
    await namespace.has_ingress_addresses(name)


async def reclass(namespace: Namespace, name: str, ingress_class: str) -> None:
    patch = f'{{"spec":{{"ingressClassName":"{ingress_class}"}}}}'
    await namespace.kubectl("patch", "ingress", name, "--patch", patch)


async def test_it_takes_over_from_ingress_nginx(
    namespace: Namespace, account: Path, classes: Classes, flags: tuple[str, ...]
) -> None:
    await namespace.apply(
        named("ours", "nginx"), annotated("older", "nginx"),
        named("foreign", "theirs"), named("self", "ingressd"), annotated("other", "ingressd"),
        named("none"),
    )  # fmt: skip
    async with controller(account, *flags, *TAKEOVER) as running:
        for name in ("ours", "older"):
            await is_served(running, namespace, name)
        for name in ("foreign", "self", "other", "none"):
            assert await running.service(f"{name}.test") == "404"
            assert await namespace.ingress_addresses(name) == []

        await reclass(namespace, "ours", "theirs")
        await reclass(namespace, "foreign", "nginx")
        await namespace.kubectl("annotate", "ingress", "older", f"{BY_ANNOTATION}-")
        await is_served(running, namespace, "foreign")
        await is_not_served(running, namespace, "ours")
        await is_not_served(running, namespace, "older")


async def test_the_default_class_is_that_of_ingresses_without_one(
    namespace: Namespace, account: Path, classes: Classes, flags: tuple[str, ...]
) -> None:
    """The API server names it in new Ingresses; those that are older stay without."""
    await namespace.apply(named("older"))
    async with controller(account, *flags, *TAKEOVER) as running:
        assert await running.service("older.test") == "404"
        await classes.make_default("nginx")
        await is_served(running, namespace, "older")
        await namespace.apply(named("newer"))
        await is_served(running, namespace, "newer")
    assert "ingressClassName" not in (await namespace.get("ingress/older"))["spec"]
    assert (await namespace.get("ingress/newer"))["spec"]["ingressClassName"] == "nginx"


async def test_without_a_class_where_that_is_asked_for(
    namespace: Namespace, account: Path, classes: Classes, flags: tuple[str, ...]
) -> None:
    await namespace.apply(named("none"), named("foreign", "theirs"), annotated("other", "theirs"))
    async with controller(account, *flags, "--watch-ingress-without-class") as running:
        await is_served(running, namespace, "none")
        for name in ("foreign", "other"):
            assert await running.service(f"{name}.test") == "404"
            assert await namespace.ingress_addresses(name) == []
