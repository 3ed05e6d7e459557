"""Requests that are refused or sent elsewhere for what they are."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct


class PathMatch(Enum):
    """How a path is compared: with all of it, with whole elements of its start, with the letters
    of its start, or with a regular expression anywhere in it."""

    EXACT = "="
    ELEMENTS = ""
    START = "*"
    REGEX = "~"


class DeniedPath(Struct, frozen=True, gc=False, omit_defaults=True):
    """Paths that are answered ``status`` whoever asks for them."""

    match: PathMatch
    text: str
    status: int = 403


class Trait(Enum):
    """What of a request a condition looks at."""

    HOST = "host"
    PATH = "path"
    SCHEME = "scheme"
    METHOD = "method"
    HEADER = "header"


class Condition(Struct, frozen=True, gc=False, omit_defaults=True):
    """Whether a trait (of HEADER, the field ``name``) equals ``text`` or, with ``is_regex``, holds
    a match of it; with ``is_negated`` whether it does not. A field that is not there is ""."""

    trait: Trait
    text: str
    name: str = ""
    is_regex: bool = False
    is_negated: bool = False


class ConditionalRedirect(Struct, frozen=True, gc=False):
    """Where a request is sent that meets ``condition``. ``location`` is a URL or path with
    variables, in which ``$1`` to ``$9`` are groups of the condition's expression."""

    condition: Condition
    status: int
    location: str
