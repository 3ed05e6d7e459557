"""Which requests another backend takes in the place of the main one."""

from __future__ import annotations

from msgspec import Struct

LEAST_TOTAL = 100
"""What ``weight`` is a share of, unless ``weight_total`` is more."""


class HeaderMatch(Struct, frozen=True, omit_defaults=True):
    """A value, or a regular expression that may match anywhere in one; "" is none."""

    value: str = ""
    pattern: str = ""


EITHER_WORD = HeaderMatch()
"""The words always and never decide."""


class CanaryPolicy(Struct, frozen=True, omit_defaults=True):
    """The field ``header`` decides: by matching ``header_match``, or else with the words always and
    never. What it leaves open the cookie ``cookie`` decides with these words, and then chance. ""
    is off. ``is_sticky``: where a cookie keeps clients on endpoints, it keeps them with the canary,
    too.
    """

    header: str = ""
    header_match: HeaderMatch = EITHER_WORD
    cookie: str = ""
    weight: int = 0
    weight_total: int = LEAST_TOTAL
    is_sticky: bool = True

    @property
    def share(self) -> float:
        """The part of the requests that chance gives to it, 0 to 1."""
        return min(max(self.weight, 0) / max(self.weight_total, LEAST_TOTAL), 1.0)
