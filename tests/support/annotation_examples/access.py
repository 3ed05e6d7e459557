"""Who may come, by address."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import Access, Policy


def access(**fields: object) -> Directives:
    return Directives(Policy(access=Access(**fields)))  # type: ignore[arg-type]


_LISTS = ("allowlist-source-range", "denylist-source-range")
EXAMPLES = {
    "allowlist-source-range": [
        ("10.0.0.0/8", access(allow=("10.0.0.0/8",))),
        (" 10.0.0.1 ,2001:db8::/32", access(allow=("10.0.0.1", "2001:db8::/32"))),
        ("0.0.0.0/0,::/0", access(allow=("0.0.0.0/0", "::/0"))),
    ],
    "denylist-source-range": [("192.0.2.1", access(deny=("192.0.2.1",)))],
    "satisfy": [("any", access(any_suffices=True)), ("all", access())],
}
INVALID = [
    *((name, "") for name in _LISTS),
    *((name, " , ") for name in _LISTS),
    *((name, "10.0.0.0/8,") for name in _LISTS),
    *((name, "10.0.0.0/33") for name in _LISTS),
    *((name, "10.0.0.0/8, office") for name in _LISTS),
    *((name, "10.0.0.0/8 10.1.0.0/16") for name in _LISTS),
    *(("satisfy", text) for text in ("", "Any", "one", "any all")),
]
