"""The API server takes every object of deploy/, and takes it as it is meant."""

from __future__ import annotations

import json

import pytest
import yaml
from support.cluster.cluster import Cluster
from support.kustomize import FOLDERS, Object, Rendered

NAMESPACE = "ingressd"
NOT_SERVED = {"PodDisruptionBudget"}
"""Kubernetes has had policy/v1, which is all that is left of it since 1.25, from 1.21 on."""


@pytest.fixture
async def own_namespace(cluster: Cluster) -> None:
    """Even a dry run takes no object into a namespace that does not exist."""
    namespace = Rendered("base")["Namespace", NAMESPACE]
    await cluster.kubectl("apply", "-f", "-", input=yaml.safe_dump(namespace))


@pytest.mark.usefixtures("own_namespace")
@pytest.mark.parametrize("folder", FOLDERS)
async def test_a_folder_can_be_applied(cluster: Cluster, folder: str) -> None:
    sent = [each for each in Rendered(folder).objects if each["kind"] not in NOT_SERVED]
    answer = await cluster.kubectl.within(NAMESPACE)(
        "apply", "--dry-run=server", "--output=json", "-f", "-", input=yaml.safe_dump_all(sent)
    )
    taken = {_identity(each): each for each in json.loads(answer)["items"]}

    assert len(taken) == len(sent)
    assert [line for each in sent for line in lost(each, taken[_identity(each)])] == []


def lost(sent: object, taken: object, where: str = "") -> list[str]:
    """What the API server dropped or changed; that it adds defaults is fine."""
    if isinstance(sent, dict) and isinstance(taken, dict):
        return [
            line
            for name, value in sent.items()
            for line in lost(value, taken.get(name), f"{where}.{name}")
        ]
    if isinstance(sent, list) and isinstance(taken, list) and len(sent) == len(taken):
        return [
            line
            for index, (mine, its) in enumerate(zip(sent, taken, strict=True))
            for line in lost(mine, its, f"{where}[{index}]")
        ]
    return [] if sent == taken else [f"{where}: {sent!r} became {taken!r}"]


def test_lost_is_what_is_missing_or_different() -> None:
    sent = {"a": 1, "b": [{"c": 2}], "d": [1, 2], "e": 3}
    taken = {"a": 1, "b": [{"c": 3, "default": 0}], "d": [1], "default": 0}

    assert lost(sent, taken) == [
        ".b[0].c: 2 became 3", ".d: [1, 2] became [1]", ".e: 3 became None",
    ]  # fmt: skip


def _identity(each: Object) -> tuple[str, str]:
    return each["kind"], each["metadata"]["name"]
