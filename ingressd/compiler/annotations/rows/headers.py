"""Headers of answers, changed on their way to the client."""

from __future__ import annotations

from ingressd.compiler.annotations.field_values import substitution, url_start
from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.referent import Unusable, always_to
from ingressd.compiler.annotations.referents import LITERAL_HEADERS_OF_ANSWERS
from ingressd.compiler.annotations.row import Directives, Modified, Row, Tier
from ingressd.compiler.annotations.values import object_name

_ALLOWED = "global-allowed-response-headers"


def _not_allowed(value: object, directives: Directives) -> Unusable | None:
    """What the ConfigMap does not allow to be set."""
    assert isinstance(value, tuple)
    allowed = directives.allowed_response_headers
    refused = [name for name, _ in value if name.lower() not in allowed]
    if not refused:
        return None
    return Unusable(
        f"the ConfigMap of ingressd does not allow it to set {', '.join(refused)[:80]}",
        f"add {', '.join(refused)[:80]} to {_ALLOWED} in that ConfigMap",
    )


def _is_replaced(directives: Directives) -> bool:
    return bool(directives.policy.answer_fields.location.old)


def _has_replacement(directives: Directives) -> bool:
    """Or there is nothing to replace."""
    location = directives.policy.answer_fields.location
    return not location.old or bool(location.new)


ROWS = (
    Row(
        name="custom-headers",
        field="policy.answer_fields.custom",
        value=object_name(),
        refers=always_to(LITERAL_HEADERS_OF_ANSWERS),
        forbids=_not_allowed,
        protects=always,
        tier=Tier.EXPECTED,
        summary="ConfigMap, namespace/name, with headers to set on every answer as they are "
        f"written, without variables; {_ALLOWED} must name them.",
    ),
    Row(
        name="proxy-cookie-domain",
        field="policy.answer_fields.cookie_domain",
        value=substitution(ignores_dots=True),
        tier=Tier.EXPECTED,
        summary='Domain of cookies that pods set: "FROM TO", or off (default).',
    ),
    Row(
        name="proxy-cookie-path",
        field="policy.answer_fields.cookie_path",
        value=substitution(),
        tier=Tier.EXPECTED,
        summary='Start of the Path of cookies that pods set: "FROM TO", or off (default).',
    ),
    Row(
        name="proxy-redirect-from",
        needs="proxy-redirect-to",
        modifies=Modified("a `proxy-redirect-to` other than off", _has_replacement),
        field="policy.answer_fields.location.old",
        value=url_start("off", "default"),
        tier=Tier.EXPECTED,
        summary="Start of Location and Refresh that proxy-redirect-to replaces, or off (default); "
        "default is off, too: pods do not know the URL that nginx would replace.",
    ),
    Row(
        name="proxy-redirect-to",
        requires="proxy-redirect-from",
        modifies=Modified("a `proxy-redirect-from` other than off and default", _is_replaced),
        field="policy.answer_fields.location.new",
        value=url_start("off"),
        tier=Tier.EXPECTED,
        summary="What stands there instead.",
    ),
)
