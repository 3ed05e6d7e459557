from __future__ import annotations

import msgspec
import pytest

from ingressd.resources.node import Node


@pytest.mark.parametrize(
    ("status", "expected"), [("True", True), ("False", False), ("Unknown", False)]
)
def test_ready_is_what_its_kubelet_says(status: str, expected: bool) -> None:
    condition = {
        "type": "Ready",
        "status": status,
        "lastHeartbeatTime": "2026-01-01T00:00:00Z",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
        "reason": "KubeletReady",
    }
    raw = {
        "metadata": {"name": "a"},
        "spec": {"podCIDR": "10.244.0.0/24"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
            "conditions": [{"type": "DiskPressure", "status": "True"}, condition],
        },
    }
    node = msgspec.convert(raw, Node)
    assert node.is_ready is expected
    assert node.status.addresses[0].address == "10.0.0.1"


def test_one_whose_kubelet_has_said_nothing_is_not_ready() -> None:
    assert not msgspec.convert({"metadata": {"name": "new"}}, Node).is_ready
