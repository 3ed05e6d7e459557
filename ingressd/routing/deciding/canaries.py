"""Which backend a request of a route with canaries goes to: the header decides, then the cookie,
then chance (ingress-nginx ``canary-*``).

With several canaries their headers are asked in order, then their cookies in order. A "never"
excludes a canary from what follows. Chance gives to each of those that are left its share; the
shares add up, and the main backend gets what they leave.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from ingressd.routing.model import Alternative
from ingressd.routing.patterns import BadPattern, compile_within
from ingressd.routing.policy import HeaderMatch

Find: TypeAlias = Callable[[str], str | None]
"""The value of what has a name, or None."""

_WORDS = {"always": True, "never": False}


class Canary:
    """An alternative of a route, and its conditions ready to be asked."""

    __slots__ = ("_decides", "alternative", "cookie", "header", "share")

    def __init__(self, alternative: Alternative) -> None:
        policy = alternative.policy
        self.alternative = alternative
        self.header = policy.header.lower().replace("_", "-")  # as nginx names its variables
        self.cookie = policy.cookie
        self.share = policy.share
        self._decides = _decision_of(policy.header_match)

    def by_header(self, find: Find) -> bool | None:
        """Whether the header gives the request to it; None where that says nothing."""
        value = find(self.header) if self.header else None
        return None if value is None else self._decides(value)

    def by_cookie(self, find: Find) -> bool | None:
        """The same for the cookie."""
        value = find(self.cookie) if self.cookie else None
        return None if value is None else _WORDS.get(value)


class Decision(NamedTuple):
    """``canary`` takes the request because of its ``cause``, a header or a cookie. Where it is
    None, ``undecided`` are those among which chance decides."""

    canary: Canary | None
    cause: str
    undecided: Sequence[Canary]


def decide_canary(canaries: Sequence[Canary], header: Find, cookie: Find) -> Decision:
    """Ask the headers, then the cookies."""
    for cause, ask, find in (
        ("header", Canary.by_header, header),
        ("cookie", Canary.by_cookie, cookie),
    ):
        undecided = []
        for canary in canaries:
            answer = ask(canary, find)
            if answer:
                return Decision(canary, cause, ())
            if answer is None:
                undecided.append(canary)
        canaries = undecided
    return Decision(None, "", canaries)


def draw_canary(canaries: Sequence[Canary], number: float) -> Canary | None:
    """That one to which chance gives the request; ``number`` is random, from 0 up to 1."""
    for canary in canaries:
        number -= canary.share
        if number < 0:
            return canary
    return None


def _decision_of(match: HeaderMatch) -> Callable[[str], bool | None]:
    """What a value decides; True or None where it is compared with something, and False where it
    cannot be, as in ingress-nginx."""
    if match.value:
        return lambda value: True if value == match.value else None
    if match.pattern:
        try:
            pattern = compile_within(match.pattern, ignores_case=False)
        except BadPattern:  # of which its Ingress has been told
            return lambda value: False
        return lambda value: True if pattern.match(value) is not None else None
    return _WORDS.get
