"""The policy of paths that no rule of a host takes: that of its oldest Ingress, as far as it is not
about pods."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from msgspec import structs

from ingressd.compiler.annotations.reading import closed
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.vain_protection import closes
from ingressd.compiler.settings import CompilerSettings
from ingressd.routing.policy import DEFAULT_POLICY, Policy

_NOT_FOUND = 404


def _usual(*fields: str) -> Mapping[str, object]:
    return MappingProxyType({field: getattr(DEFAULT_POLICY, field) for field in fields})


# An Ingress says these of its own paths and pods.
_OF_ITS_OWN = _usual("rewrite", "mirror", "affinity", "pod_protocol", "pod_tls")

# Nothing of these is seen where no pod is asked, but for error pages in the place of ours.
_OF_PODS = _usual(
    *_OF_ITS_OWN,
    "timeouts",
    "body_limit",
    "buffering",
    "no_auth_paths",
    "bandwidth",
    "default_backend",
    "error_pages",
    "retries",
    "pod_http",
    "pod_host",
    "pod_fields",
)


class Usual(NamedTuple):
    """What an Ingress may say otherwise; ``base`` is what its annotations begin with."""

    base: Directives
    settings: CompilerSettings

    def unless(self, policy: Policy) -> Policy | None:
        """What holds instead for paths that no rule takes; None where that is nothing else."""
        if policy is self.base.policy:
            return None
        unmatched = unmatched_policy(policy)
        with_pods = bool(self.settings.default_backend_service)
        is_other = differs(unmatched, usual_policy(self.base), with_pods=with_pods)
        return unmatched if is_other else None


def usual_policy(base: Directives) -> Policy:
    """What holds where an Ingress says nothing; ``base`` is what its annotations begin with."""
    policy = unmatched_policy((closed(base) if closes(base) else base).policy)
    return DEFAULT_POLICY if policy == DEFAULT_POLICY else policy  # which is not sent to workers


def unmatched_policy(policy: Policy) -> Policy:
    """The policy of an Ingress for those paths."""
    return _without(policy, _OF_ITS_OWN)


def differs(policy: Policy, usual: Policy, *, with_pods: bool) -> bool:
    """Whether requests for those paths fare otherwise with one policy than with another.
    ``with_pods``: a default backend may take them."""
    if policy == usual:
        return False
    return with_pods or _answering(policy) != _answering(usual)


def _answering(policy: Policy) -> tuple[Policy, bool, str]:
    """What may answer in the place of a 404, and whose page is shown for one."""
    asks = _NOT_FOUND in policy.error_pages.statuses
    return _without(policy, _OF_PODS), asks, policy.default_backend if asks else ""


def _without(policy: Policy, usual: Mapping[str, object]) -> Policy:
    if all(getattr(policy, field) == value for field, value in usual.items()):
        return policy
    return structs.replace(policy, **usual)
