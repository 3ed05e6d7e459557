"""Which origins a policy lets in; the data plane and explain share this."""

from __future__ import annotations

import re
from collections.abc import Callable

from ingressd.routing.policy import ANY_ORIGIN, Cors

PREFLIGHT_STATUS = 204
_LABEL = rb"[a-z0-9-]+"


def origin_check(cors: Cors) -> Callable[[bytes], object]:
    """What tells whether an Origin may have the answers; case does not count, the port does.

    Unlike in ingress-nginx nothing may stand before the scheme.
    """
    if cors.origins == (ANY_ORIGIN,):
        return lambda origin: True
    patterns = [re.escape(each.encode()).replace(rb"\*", _LABEL, 1) for each in cors.origins]
    return re.compile(rb"|".join(patterns), re.IGNORECASE).fullmatch
