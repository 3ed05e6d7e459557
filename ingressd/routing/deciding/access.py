"""Who may come: rules that the data plane and explain share."""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from ingressd.routing.model import Route
from ingressd.routing.networks import Networks
from ingressd.routing.policy import Access


class Standing(Enum):
    """What lists of addresses say of a client; UNDECIDED where none of them is about it."""

    ADMITTED = "admitted"
    REFUSED = "refused"
    UNDECIDED = "undecided"


class AddressRules:
    """The lists of a route as nginx reads them: ``deny`` lines, then ``allow`` lines and ``deny
    all``. Either of them replaces what is ``blocked`` for all routes."""

    def __init__(self, access: Access, blocked: tuple[str, ...]) -> None:
        has_own = bool(access.allow or access.deny)
        self._denied = _networks(access.deny if has_own else blocked)
        self._allowed = _networks(access.allow)

    def __bool__(self) -> bool:
        """Whether there is any rule."""
        return bool(self._denied or self._allowed)

    def standing(self, address: str) -> Standing:
        """What they say of an address. One that is none is only undecided if all may come."""
        if self._denied.contains(address):
            return Standing.REFUSED
        if not self._allowed:
            return Standing.UNDECIDED
        return Standing.ADMITTED if self._allowed.contains(address) else Standing.REFUSED


@lru_cache(maxsize=256)
def _networks(texts: tuple[str, ...]) -> Networks:
    """Many routes have the same lists."""
    return Networks(texts)


def always_asks_for_password(route: Route) -> bool:
    """Whether every request needs a password, wherever it comes from."""
    access = route.policy.access
    if access.basic_auth is None or needs_no_auth(route):
        return False
    return not access.any_suffices or not (access.allow or route.policy.external_auth)


def needs_no_auth(route: Route) -> bool:
    """Whether nobody is asked who they are (``no-auth-locations``): the path of the rule decides,
    not that of the request."""
    return route.path.startswith(route.policy.no_auth_paths)
