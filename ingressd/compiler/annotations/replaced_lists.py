"""Lists of the ConfigMap that keep addresses out, and that an Ingress replaces with its own.

So it is in ingress-nginx; but who wrote the ConfigMap will hardly expect that these may come again.
"""

from __future__ import annotations

from ingressd.compiler.annotations.reading import Reading
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, annotation_field
from ingressd.compiler.codes import Code, finding
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey

_ALLOWING = frozenset({"allowlist-source-range", "whitelist-source-range"})
_DENYING = "denylist-source-range"


def tell_of_replaced(subject: ObjectKey, reading: Reading, base: Directives) -> tuple[Finding, ...]:
    """A finding for each annotation of ``subject`` that takes the place of such a list. ``base`` is
    what the ConfigMap says."""
    if reading.is_blocked:
        return ()
    return tuple(
        _told(subject, verdict.annotation, key)
        for verdict in reading.verdicts
        if verdict.outcome is Outcome.HONOURED
        and (key := _replaced(verdict.annotation.rpartition("/")[2], base))
    )


def _replaced(name: str, base: Directives) -> str:
    """The key of the ConfigMap that an annotation replaces, "" for none."""
    if name == _DENYING and base.policy.access.deny:
        return _DENYING
    is_list = name == _DENYING or name in _ALLOWING
    return "block-cidrs" if is_list and blocks_by_default(base) else ""


def blocks_by_default(base: Directives) -> bool:
    """Whether block-cidrs counts for an Ingress that says nothing."""
    return base.blocks_networks and not (base.policy.access.allow or base.policy.access.deny)


def _told(subject: ObjectKey, annotation: str, key: str) -> Finding:
    return finding(
        Code.BLOCKLIST_REPLACED,
        subject,
        annotation_field(annotation),
        f"for these paths it replaces {key} of the ConfigMap, as in ingress-nginx: addresses that "
        "are listed there are not refused for that",
        f"deny here as well what {key} lists",
    )
