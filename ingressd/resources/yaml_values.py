"""YAML as Kubernetes reads it: YAML 1.1 words and numbers, timestamps as text, bounded in cost.

The parser's events are folded here rather than by PyYAML's constructors, because those follow
aliases without a bound, recurse in C until the process dies, and turn dates into objects.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias, cast

import yaml
from msgspec import Struct
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

MAX_DEPTH = 100  # an Ingress needs 12; the parser's own recursion limit is the process's stack
MAX_ALIASED_VALUES = 100_000  # what aliases may add to a document, so that no bomb goes off

PlainValue: TypeAlias = "bool | int | float | str | list[PlainValue] | dict[str, PlainValue] | None"

_TAG = "tag:yaml.org,2002:"
_MERGE_KEY = "<<"
_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMBER_START = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,18})")
_OCTAL = re.compile(r"([-+]?)0o?([0-7]{1,22})")
_HEXADECIMAL = re.compile(r"[-+]?0[xX][0-9a-fA-F]{1,16}")
_BINARY = re.compile(r"[-+]?0[bB][01]{1,64}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


class YamlError(Exception):
    """A document that cannot be read. ``line`` counts from 1 within the text that was given."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class YamlDocument(Struct, frozen=True):
    """A document's value, and the keys that were written twice, each with its line (from 1)."""

    value: PlainValue
    repeated: tuple[tuple[str, int], ...] = ()


def read_yaml(text: str) -> YamlDocument:
    """Read one document; raises YamlError, and nothing else, whatever the text."""
    try:
        parser = yaml.CSafeLoader(text)
        # It gives None only once the end of the stream is told, where nobody asks any more.
        return _Folding(cast("Callable[[], Event]", parser.get_event)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or "not YAML", mark.line + 1 if mark else 1) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise YamlError(f"not YAML: {str(error).splitlines()[0]}", 1) from None


def plain_scalar(text: str) -> bool | int | float | str | None:
    """What an unquoted scalar means to sigs.k8s.io/yaml: ``yes`` is true, 012 is ten."""
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMBER_START else text


def _number(text: str) -> int | float | str:
    digits = text.replace("_", "") if text[0] != "." else text
    if _DECIMAL.fullmatch(digits):
        return int(digits)
    if octal := _OCTAL.fullmatch(digits):
        return int(octal[1] + octal[2], 8)
    if _HEXADECIMAL.fullmatch(digits):
        return int(digits, 16)
    if _BINARY.fullmatch(digits):
        return int(digits, 2)
    return float(digits) if _FLOAT.fullmatch(digits) else text


class _Folding:
    """Folds the events of one document into a value.

    An object has hundreds of events, so they are told apart by their exact types. ``_size`` counts
    the values a reader of the result would visit: those written, and for each alias those behind
    it. An anchor is known only once its value is complete, so that no value contains itself.
    """

    def __init__(self, next_event: Callable[[], Event]) -> None:
        self._next = next_event
        self._anchors: dict[str, tuple[PlainValue, int]] = {}
        self._repeated: list[tuple[str, int]] = []
        self._size = 0
        self._aliased = 0

    def document(self) -> YamlDocument:
        self._next()  # start of the stream
        if type(self._next()) is StreamEndEvent:
            return YamlDocument(None)
        value = self._value(self._next(), 0)
        self._expect(DocumentEndEvent)
        self._expect(StreamEndEvent)
        return YamlDocument(value, tuple(self._repeated))

    def _expect(self, kind: type[Event]) -> None:
        event = self._next()
        if type(event) is not kind:
            raise _error("a second document starts here without '---'", event)

    def _value(self, event: Event, depth: int) -> PlainValue:
        if type(event) is ScalarEvent and event.anchor is None:
            self._size += 1
            return _scalar(event)
        if type(event) is AliasEvent:
            return self._alias(event)
        if depth > MAX_DEPTH:
            raise _error(f"nested deeper than {MAX_DEPTH} levels", event)
        before = self._size
        self._size += 1
        value = self._written_value(event, depth)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = (value, self._size - before)
        return value

    def _written_value(self, event: Event, depth: int) -> PlainValue:
        if type(event) is MappingStartEvent:
            _check_tag(event, "map")
            return self._mapping(depth)
        if type(event) is SequenceStartEvent:
            _check_tag(event, "seq")
            return self._sequence(depth)
        if type(event) is ScalarEvent:
            return _scalar(event)
        raise _error("not a value", event)

    def _alias(self, event: AliasEvent) -> PlainValue:
        if event.anchor not in self._anchors:
            raise _error(f"alias *{event.anchor} has no complete anchor before it", event)
        value, size = self._anchors[event.anchor]
        self._size += size
        self._aliased += size
        if self._aliased > MAX_ALIASED_VALUES:
            raise _error(f"its aliases stand for more than {MAX_ALIASED_VALUES} values", event)
        return value

    def _sequence(self, depth: int) -> list[PlainValue]:
        values: list[PlainValue] = []
        while type(event := self._next()) is not SequenceEndEvent:
            values.append(self._value(event, depth + 1))
        return values

    def _mapping(self, depth: int) -> dict[str, PlainValue]:
        own: dict[str, PlainValue] = {}
        merged: dict[str, PlainValue] = {}
        while type(event := self._next()) is not MappingEndEvent:
            if _is_merge_key(event):
                for source in self._merge_sources(depth):
                    merged = {**source, **merged}
                continue
            key = _key(self._value(event, depth + 1), event)
            if key in own:
                self._repeated.append((key, _line(event)))
            own[key] = self._value(self._next(), depth + 1)
        return {**merged, **own} if merged else own

    def _merge_sources(self, depth: int) -> list[dict[str, PlainValue]]:
        event = self._next()
        value = self._value(event, depth + 1)
        sources = value if isinstance(value, list) else [value]
        mappings = [source for source in sources if isinstance(source, dict)]
        if len(mappings) != len(sources):
            raise _error("'<<' merges something that is not a mapping", event)
        return mappings


def _error(reason: str, event: Event) -> YamlError:
    return YamlError(reason, _line(event))


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _is_merge_key(event: Event) -> bool:
    return type(event) is ScalarEvent and event.value == _MERGE_KEY and event.implicit[0]


def _key(value: PlainValue, event: Event) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise _error("a key must be a single word or number", event)


def _scalar(event: ScalarEvent) -> PlainValue:
    if event.tag is None:
        return plain_scalar(event.value) if event.implicit[0] else event.value
    if event.tag == "!":
        return event.value
    kind = event.tag.removeprefix(_TAG)
    if kind in ("str", "timestamp"):
        return event.value
    value = plain_scalar(event.value)
    wanted = {"null": type(None), "bool": bool, "int": int, "float": int | float}.get(kind)
    if wanted is None or not isinstance(value, wanted):
        raise _error(f"tag {event.tag} is not supported here", event)
    return value


def _check_tag(event: MappingStartEvent | SequenceStartEvent, kind: str) -> None:
    if event.tag not in (None, "!", _TAG + kind):
        raise _error(f"tag {event.tag} is not supported here", event)
