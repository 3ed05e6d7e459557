"""Session affinity by cookie."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives, Modified, Row, Tier
from ingressd.compiler.annotations.values import (
    Parser,
    boolean,
    choice,
    constant,
    integer,
    matching,
    one_of,
    switch,
)
from ingressd.routing.policy import AffinityMode, CookieAffinity


def _cookie_row(name: str, field: str, value: Parser, summary: str) -> Row:
    """A row that needs ``affinity: cookie`` beside it."""
    return Row(
        name=name,
        field=f"policy.affinity.{field}",
        value=value,
        tier=Tier.COMMON,
        summary=summary,
        requires="affinity",
        of_canaries=True,
    )


def _is_for_any_site(directives: Directives) -> bool:
    affinity = directives.policy.affinity
    return affinity is not None and affinity.same_site == "None"


ROWS = (
    Row(
        name="affinity",
        field="policy.affinity",
        value=constant("cookie", CookieAffinity()),
        of_canaries=True,
        tier=Tier.COMMON,
        summary='"cookie" keeps a client on one endpoint.',
    ),
    _cookie_row(
        "affinity-mode",
        "mode",
        choice(AffinityMode),
        "balanced (default) moves some clients when endpoints come; persistent never does.",
    ),
    _cookie_row(
        "session-cookie-name",
        "name",
        # RFC 6265 section 4.1.1: a token.
        matching(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", "a cookie name (RFC 6265 token)"),
        "Name of the cookie (default INGRESSCOOKIE).",
    ),
    _cookie_row(
        "session-cookie-path",
        "path",
        matching(r"/[!-:<-~]*", 'a path that starts with "/", without spaces and ";"'),
        "Path of the cookie (default: the path of the rule).",
    ),
    _cookie_row(
        "session-cookie-domain",
        "domain",
        matching(r"\.?[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?", "a domain name"),
        "Domain of the cookie (default: none).",
    ),
    _cookie_row("session-cookie-max-age", "max_age", integer(), "Max-Age of the cookie, seconds."),
    _cookie_row(
        "session-cookie-expires", "expires", integer(), "Expires of the cookie, seconds from now."
    ),
    _cookie_row(
        "session-cookie-samesite",
        "same_site",
        one_of("None", "Lax", "Strict"),
        "SameSite of the cookie (default: none given).",
    ),
    _cookie_row(
        "session-cookie-secure",
        "secure",
        # false does not take Secure away on https, so it says nothing.
        switch(on=True),
        "Secure even on plain http; on https the cookie is always Secure.",
    ),
    _cookie_row(
        "session-cookie-change-on-failure",
        "change_on_failure",
        boolean(),
        "After a failed try choose another endpoint and a new cookie (default false).",
    ),
    Row(
        name="session-cookie-conditional-samesite-none",
        field="policy.affinity.spares_old_browsers",
        modifies=Modified("`session-cookie-samesite: None`", _is_for_any_site),
        value=boolean(),
        requires="affinity",
        of_canaries=True,
        tier=Tier.EXPECTED,
        summary="Leave SameSite=None out for browsers that misread it (default false).",
    ),
)
