"""All settings of one upstream, whichever route leads to it."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class LoadBalance(Enum):
    """ROUND_ROBIN lets endpoints take turns; EWMA prefers those that have answered faster."""

    ROUND_ROBIN = "round_robin"
    EWMA = "ewma"


class UpstreamPolicy(Struct, frozen=True, gc=False, omit_defaults=True):
    """Settings of a Service port. ``service_upstream``: its endpoint is the cluster IP of the
    Service. ``hash_by`` is text with variables, "" for none: equal texts go to the same endpoint,
    or with ``hash_by_subset`` to the same ``hash_by_subset_size`` of them.
    """

    service_upstream: bool = False
    load_balance: LoadBalance = LoadBalance.ROUND_ROBIN
    hash_by: str = ""
    hash_by_subset: bool = False
    hash_by_subset_size: int = 3


DEFAULT_UPSTREAM_POLICY = UpstreamPolicy()
