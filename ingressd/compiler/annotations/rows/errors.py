"""What the client gets when an answer is an error, or no endpoint is there."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_ingress, drops_unless
from ingressd.compiler.annotations.row import Modified, Row, Tier
from ingressd.compiler.annotations.values import matching, statuses, switch

ROWS = (
    Row(
        name="custom-http-errors",
        elsewhere=drops_unless("(?:[4,5][0-9]{2},?)*"),
        field="policy.error_pages.statuses",
        value=statuses(400, 599),
        tier=Tier.EXPECTED,
        summary="Statuses, 400 to 599 with commas between, for which the default backend is asked "
        "for / with the client's method, its body if that is still here, X-Code and the like; its "
        "answer takes their place. A 401 or 403 of ingressd itself stays one where that answer "
        "says less than 400. Without a default backend with an endpoint, ingressd's own page takes "
        "their place. Blanks beside the commas, for which ingress-nginx would ignore it, do not "
        "matter.",
    ),
    Row(
        name="default-backend",
        elsewhere=drops_ingress,
        field="default_backend",
        value=matching(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", "the name of a Service"),
        tier=Tier.EXPECTED,
        summary="Service of the same namespace that answers where the path's own has no endpoint, "
        "and for custom-http-errors.",
    ),
    Row(
        name="disable-proxy-intercept-errors",
        modifies=Modified(
            "`custom-http-errors`", lambda directives: directives.policy.error_pages.statuses
        ),
        field="policy.error_pages.of_pods",
        value=switch(on=False, off=True),
        tier=Tier.EXPECTED,
        summary="custom-http-errors only for errors of the proxy itself (default false).",
    ),
)
