from __future__ import annotations

import msgspec
import pytest

from ingressd.resources.node import NodeList


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
    listed = {
        "kind": "NodeList",
        "items": [
            {
                "metadata": {"name": "a"},
                "spec": {"podCIDR": "10.244.0.0/24"},
                "status": {
                    "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
                    "conditions": [{"type": "DiskPressure", "status": "True"}, condition],
                },
            },
            {"metadata": {"name": "new"}},
        ],
    }
    node, new = msgspec.json.decode(msgspec.json.encode(listed), type=NodeList).items
    assert node.is_ready is expected
    assert node.status.addresses[0].address == "10.0.0.1"
    assert not new.is_ready
