"""Session affinity."""

from __future__ import annotations

import msgspec

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import AffinityMode, CookieAffinity, Policy

STICKY = CookieAffinity()


def affinity(**fields: object) -> Directives:
    return Directives(Policy(affinity=msgspec.structs.replace(STICKY, **fields)))


EXAMPLES = {
    "affinity": [("cookie", affinity())],
    "affinity-mode": [("persistent", affinity(mode=AffinityMode.PERSISTENT))],
    "session-cookie-name": [("route", affinity(name="route"))],
    "session-cookie-path": [("/", affinity(path="/"))],
    "session-cookie-domain": [(".example.com", affinity(domain=".example.com"))],
    "session-cookie-max-age": [("60", affinity(max_age=60))],
    "session-cookie-expires": [("60", affinity(expires=60))],
    "session-cookie-samesite": [("Strict", affinity(same_site="Strict"))],
    "session-cookie-secure": [("true", affinity(secure=True)), ("false", affinity())],
    "session-cookie-change-on-failure": [("true", affinity(change_on_failure=True))],
    "session-cookie-conditional-samesite-none": [("true", affinity(spares_old_browsers=True))],
}
INVALID = [
    ("affinity", "ip"),
    ("session-cookie-name", "a;b"),
    ("session-cookie-path", "foo"),
    ("session-cookie-domain", "a b"),
    ("session-cookie-samesite", "never"),
]
