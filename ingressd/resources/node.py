"""Node (v1): where a NodePort can be reached."""

from __future__ import annotations

from msgspec import Struct, field

from ingressd.resources.metadata import Resource


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

    status: NodeStatus = NodeStatus()

    @property
    def is_ready(self) -> bool:
        """Whether its kubelet reports so."""
        return any(
            each.type == "Ready" and each.status == "True" for each in self.status.conditions
        )


class ListMetadata(Struct, frozen=True):
    """``metadata`` of a list (meta/v1): ``continue`` asks for the next page, "" after the last."""

    continue_: str = field(name="continue", default="")


class NodeList(Struct, frozen=True):
    """What listing nodes answers: a page of them."""

    items: tuple[Node, ...] = ()
    metadata: ListMetadata = ListMetadata()
