"""Lists of the ConfigMap that keep addresses out, and that an Ingress replaces with its own.

So it is in ingress-nginx; but who wrote the ConfigMap will hardly expect that these may come again.
"""

from __future__ import annotations

from typing import NamedTuple

from ingressd.compiler.annotations.reading import Reading
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, annotation_field
from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.networks import Networks
from ingressd.routing.policy import Access

_DENYING = "denylist-source-range"
_OWN = (_DENYING, "allowlist-source-range", "whitelist-source-range")
"""The annotations that replace; of several, the first is where the remedy belongs."""


class _Replaced(NamedTuple):
    """A key of the ConfigMap, and the networks that it keeps out."""

    key: str
    networks: tuple[str, ...]


def tell_of_replaced(subject: ObjectKey, reading: Reading, base: Directives) -> tuple[Finding, ...]:
    """A finding where annotations of ``subject`` let in whom such a list keeps out. ``base`` is
    what the ConfigMap says."""
    own = _own_lists(reading)
    if not own or reading.is_blocked:
        return ()
    replaced = _replaced(base)
    if replaced is None or not _lets_in(replaced.networks, reading.directives.policy.access):
        return ()
    return (_told(subject, next(iter(own.values())), replaced.key),)


def _own_lists(reading: Reading) -> dict[str, str]:
    """The annotations that count, with their prefix, by name."""
    named = {
        verdict.annotation.rpartition("/")[2]: verdict.annotation
        for verdict in reading.verdicts
        if verdict.outcome is Outcome.HONOURED
    }
    return {name: named[name] for name in _OWN if name in named}


def _replaced(base: Directives) -> _Replaced | None:
    """What own lists may take the place of."""
    if base.policy.access.deny:
        return _Replaced(_DENYING, base.policy.access.deny)
    return _Replaced("block-cidrs", base.blocked) if blocks_by_default(base) else None


def blocks_by_default(base: Directives) -> bool:
    """Whether block-cidrs counts for an Ingress that says nothing."""
    return bool(base.blocked) and not (base.policy.access.allow or base.policy.access.deny)


def _lets_in(networks: tuple[str, ...], access: Access) -> bool:
    """Whether any of these addresses may pass own lists. Without a place on an allowlist a password
    may do, if any suffices."""
    concerned = Networks(networks)
    if access.allow and not access.any_suffices:
        concerned = concerned.overlap(Networks(access.allow))
    return not Networks(access.deny).covers(concerned)


def _told(subject: ObjectKey, annotation: str, key: str) -> Finding:
    return finding(
        Code.BLOCKLIST_REPLACED,
        subject,
        annotation_field(annotation),
        f"for these paths it replaces {key} of the ConfigMap, as in ingress-nginx: addresses that "
        "are listed there are not refused for that",
        f"deny here as well what {key} lists",
    )
