"""Node (v1): where a NodePort can be reached."""

from __future__ import annotations

from msgspec import Struct

from ingressd.resources.metadata import LabelledMeta, Resource


class NodeAddress(Struct, frozen=True):
    """One entry of ``status.addresses``; types are ExternalIP, InternalIP, Hostname and others."""

    type: str
    address: str


class NodeCondition(Struct, frozen=True):
    """One entry of ``status.conditions``."""

    type: str
    status: str


class NodeStatus(Struct, frozen=True):
    """``Node.status``."""

    addresses: tuple[NodeAddress, ...] = ()
    conditions: tuple[NodeCondition, ...] = ()


class Node(Resource, frozen=True, kw_only=True):
    """A machine of the cluster."""

    metadata: LabelledMeta
    status: NodeStatus = NodeStatus()

    @property
    def is_ready(self) -> bool:
        """Whether its kubelet reports so."""
        return any(
            each.type == "Ready" and each.status == "True" for each in self.status.conditions
        )
