"""Which requests meet a condition, and which paths are denied: for whoever asks, in advance where
possible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

from ingressd.routing.patterns import Groups, compile_pattern
from ingressd.routing.policy import Condition, ConditionalRedirect, DeniedPath, PathMatch, Trait
from ingressd.routing.variables import Lookup, Template, as_url, parse_template

Taken: TypeAlias = Groups | bool
"""Whether it was met, or what the groups of its expression took."""

Test: TypeAlias = Callable[[str], Taken]

TextOf: TypeAlias = Callable[[Condition], str]
"""The text of a request that a condition looks at."""

_ANYWHERE = "(?s:.*?)(?:{})"
_CASELESS = frozenset({Trait.HOST, Trait.SCHEME})


def anywhere(expression: str) -> str:
    """An expression that matches from the start what this one matches anywhere."""
    return _ANYWHERE.format(expression)


class Denials:
    """The paths that are denied, ready to be asked for."""

    def __init__(self, denied: Iterable[DeniedPath]) -> None:
        self._tests = tuple((_path_test(each), each.status) for each in denied)

    def status(self, path: str) -> int:
        """The status that a normalised path is answered with; 0 where it is not denied."""
        return next((status for is_met, status in self._tests if is_met(path)), 0)


class Destination(NamedTuple):
    """Where a request is sent, and with what."""

    status: int
    location: str


class _Rule(NamedTuple):
    condition: Condition
    is_met: Test
    status: int
    location: Template


class RedirectRules:
    """The redirects on conditions, ready to be asked for."""

    def __init__(self, redirects: Iterable[ConditionalRedirect]) -> None:
        self._rules = tuple(map(_rule, redirects))

    def find(self, text_of: TextOf, lookup: Lookup) -> Destination | None:
        """Where the first condition that is met sends a request. ``lookup`` finds variables, and
        groups of the route's expression where the condition has none."""
        for rule in self._rules:
            taken = rule.is_met(text_of(rule.condition))
            if taken is not False:
                location = rule.location.render(_with_groups(taken, lookup))
                return Destination(rule.status, as_url(location))
        return None


def _rule(redirect: ConditionalRedirect) -> _Rule:
    return _Rule(
        redirect.condition,
        condition_test(redirect.condition),
        redirect.status,
        parse_template(redirect.location, groups=True),
    )


def _with_groups(taken: Taken, lookup: Lookup) -> Lookup:
    if isinstance(taken, bool):
        return lookup
    return lambda name: taken[int(name)] if name.isdigit() else lookup(name)


def condition_test(condition: Condition) -> Test:
    """A test of the text of the trait. Raises BadPattern."""
    if not condition.is_regex:
        return _equality(condition)
    pattern = compile_pattern(anywhere(condition.text))
    if condition.is_negated:
        return lambda text: pattern.match(text) is None
    return lambda text: pattern.match(text) or False


def _equality(condition: Condition) -> Test:
    wanted, is_negated = condition.text, condition.is_negated
    if condition.trait in _CASELESS:
        wanted = wanted.lower()
    return lambda text: (text == wanted) is not is_negated


def _path_test(denied: DeniedPath) -> Callable[[str], bool]:
    text = denied.text
    match denied.match:
        case PathMatch.EXACT:
            return lambda path: path == text
        case PathMatch.START:
            return lambda path: path.startswith(text)
        case PathMatch.ELEMENTS:
            below = text if text.endswith("/") else f"{text}/"
            return lambda path: f"{path}/".startswith(below)
    pattern = compile_pattern(anywhere(text))
    return lambda path: pattern.match(path) is not None
