"""Which Ingress statuses to write, from what is known of the Ingresses; nothing is sent here."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from ingressd.controller.cluster.addresses import Addresses, shown_addresses
from ingressd.controller.observing import SeenIngress
from ingressd.resources.metadata import ObjectKey


class StatusPatch(Struct, frozen=True):
    """Write ``addresses`` to the status of an Ingress that is still at ``resource_version``."""

    key: ObjectKey
    resource_version: str
    addresses: Addresses

    @property
    def path(self) -> str:
        """The status subresource."""
        return (
            f"/apis/networking.k8s.io/v1/namespaces/{self.key.namespace}"
            f"/ingresses/{self.key.name}/status"
        )

    @property
    def body(self) -> dict[str, Any]:
        """A merge patch (RFC 7386): the list is replaced as a whole, null removes it."""
        entries = [_entry(each.ip, each.hostname) for each in self.addresses]
        return {
            "metadata": {"resourceVersion": self.resource_version},
            "status": {"loadBalancer": {"ingress": entries or None}},
        }


class Departures:
    """Which Ingresses left us, as we saw it or as it can be proved. Only of these is a status taken
    back: another controller may well be reached at the same addresses as we are, and what it writes
    is its own.
    """

    def __init__(self) -> None:
        self._ours: set[ObjectKey] = set()
        self._left: dict[ObjectKey, Addresses] = {}

    def note(self, key: ObjectKey, seen: SeenIngress | None) -> None:
        """What an Ingress is now; None when it is gone. One that left is forgotten as soon as its
        status is another one: what is written there from then on is not ours."""
        was_ours = key in self._ours
        self._ours.discard(key)
        if seen is None:
            self._left.pop(key, None)
        elif seen.is_ours:
            self._ours.add(key)
            self._left.pop(key, None)
        elif was_ours:
            self._left[key] = _shown(seen)
        elif key in self._left and self._left[key] != _shown(seen):
            del self._left[key]

    def recall(self, seen: SeenIngress) -> None:
        """An Ingress that is not ours turns out to have a status that we wrote."""
        if not seen.is_ours:
            self._left[seen.ingress.key] = _shown(seen)

    def left_with(self, key: ObjectKey) -> Addresses:
        """What an Ingress showed when it left us and shows still, () if it did not leave."""
        return self._left.get(key, ())


def may_have_left(seen: SeenIngress, addresses: Addresses) -> bool:
    """Whether an Ingress that is not ours looks as if we had written its status. Not found are
    those that left while no replica ran, with addresses that have changed since."""
    return bool(addresses) and not seen.is_ours and _shown(seen) == addresses


def plan_status(
    seen: SeenIngress, addresses: Addresses, left_with: Addresses = ()
) -> StatusPatch | None:
    """What to write to one Ingress, None where its status is right or none of our business.
    ``left_with`` is what we wrote to one that has left us, () if it has not."""
    shown = _shown(seen)
    if seen.is_ours:
        return None if shown == addresses else _patch(seen, addresses)
    return _patch(seen, ()) if left_with and shown == left_with else None


def plan_removal(seen: SeenIngress, addresses: Addresses) -> StatusPatch | None:
    """What to write when nobody serves an Ingress of ours any more."""
    shown = _shown(seen)
    is_ours_to_remove = seen.is_ours and shown and shown == addresses
    return _patch(seen, ()) if is_ours_to_remove else None


def _shown(seen: SeenIngress) -> Addresses:
    return shown_addresses(seen.ingress.status.load_balancer.ingress)


def _patch(seen: SeenIngress, addresses: Addresses) -> StatusPatch:
    ingress = seen.ingress
    return StatusPatch(ingress.key, ingress.metadata.resource_version, addresses)


def _entry(ip: str, hostname: str) -> dict[str, str]:
    return {"ip": ip} if ip else {"hostname": hostname}
