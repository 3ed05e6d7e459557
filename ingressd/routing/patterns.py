"""Regular expressions as ingress-nginx's users write them (PCRE), compiled for RE2.

RE2 needs time in proportion to the path, whatever the pattern: with a backtracking engine one
request could keep a worker busy for hours. It compares bytes, as nginx does.
"""

from __future__ import annotations

import re
from typing import Any

import re2

MAX_STEPS = 2_000
"""Instructions of one pattern: a path of 8 KiB then takes 0.1 s at the very worst."""

MAX_LENGTH = 2 * MAX_STEPS
"""Characters of a pattern."""

_MAX_MEMORY = 1 << 18  # bytes of one pattern, with what it remembers of paths; most take 4 KiB

_POSIX_CLASSES = frozenset(
    {
        "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
        "space", "upper", "word", "xdigit",
    }
)  # fmt: skip
_TOKEN = re.compile(
    r"""\\Q(?P<quoted>.*?)(?:\\E|\Z)
      | (?P<escape>\\.)
      | (?P<charset>\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\])
      | (?P<group>\(\?<(?=[A-Za-z_]))
      | (?P<wide>[^\x00-\x7f])
      | .""",
    re.DOTALL | re.VERBOSE,
)
_CLASS_MEMBER = re.compile(r"(?P<escape>\\.)|\[:\^?(?P<name>\w+):\]", re.DOTALL)
_ESCAPES = {r"\Z": r"\z", r"\h": r"[ \t]", r"\H": r"[^ \t]", r"\e": r"\x1b"}
_ESCAPES_IN_CLASS = {r"\h": r" \t", r"\e": r"\x1b", r"\b": r"\x08"}

_TOO_LARGE = "it is too large"
_BEYOND_RE2 = (  # by RE2's complaint
    (r"invalid perl operator: \(\?[=!].*", "look-ahead"),
    (r"invalid perl operator: \(\?<[=!].*", "look-behind"),
    (r"invalid perl operator: \(\?>.*", "an atomic group (?>...)"),
    (r"invalid perl operator: \(\?\(.*", "a condition (?(...)...)"),
    (r"invalid perl operator: \(\?[RP&0-9].*", "a call of a group"),
    (r"bad repetition operator: .*\+", "a possessive quantifier (such as *+)"),
    (r"invalid escape sequence: \\[1-9gk].*", "a back-reference"),
)
_WRONG = (
    (r"missing \): .*", "a parenthesis is not closed"),
    (r"unexpected \): .*", "a parenthesis is closed that was never opened"),
    (r"missing \]: .*", "a bracket is not closed"),
    (r"trailing \\.*", "it ends in a backslash"),
    (r"no argument for repetition operator: (.*)", r"there is nothing that \1 could repeat"),
    (r"bad repetition operator: (.*)", r"\1 repeats what is repeated already"),
    (r"invalid repetition size: (.*)", r"\1 is out of order or more than 1000"),
    (r"invalid character class range: (.*)", r"bad character range \1"),
    (r"invalid escape sequence: (.*)", r"bad escape \1"),
    (r"pattern too large.*", _TOO_LARGE),
)


class BadPattern(ValueError):
    """Why a pattern is refused. ``is_beyond_us``: PCRE knows what it asks for, and we do not."""

    def __init__(self, reason: str, *, is_beyond_us: bool = False) -> None:
        super().__init__(reason)
        self.is_beyond_us = is_beyond_us


class Groups:
    """What the groups of a pattern took; made into text only where it is asked for."""

    __slots__ = ("_match",)

    def __init__(self, match: Any) -> None:
        self._match = match

    def __getitem__(self, number: int) -> str:
        """Group 0 is all that matched. One that is not there, or took no part, is ""."""
        try:
            taken: bytes | None = self._match[number]
        except IndexError:
            return ""
        return (taken or b"").decode("utf-8", "surrogateescape")


class Pattern:
    """A compiled pattern; ``groups`` counts its groups."""

    __slots__ = ("_match", "groups")

    def __init__(self, compiled: Any) -> None:
        self._match = compiled.match
        self.groups: int = compiled.groups

    def match(self, path: str) -> Groups | None:
        """What the pattern takes, from the start of a normalised path. Raises nothing."""
        match = self._match(_octets(path))
        return None if match is None else Groups(match)


def compile_pattern(text: str) -> Pattern:
    """The pattern for a PathKind.REGEX route.

    Case is ignored and classes are ASCII, as in an nginx ``location ~*``; the first alternative
    that matches wins. Raises BadPattern with the reason where it cannot be had.
    """
    if len(text) > MAX_LENGTH:
        raise BadPattern(_TOO_LARGE)
    try:
        compiled = re2.compile(_TOKEN.sub(_translated, text).encode(), _options())
    except UnicodeEncodeError:
        raise BadPattern("it holds a character that is no text") from None
    except re2.error as error:
        raise _refusal(error.args[0]) from None
    if compiled.programsize > MAX_STEPS:
        raise BadPattern(_TOO_LARGE)
    return Pattern(compiled)


def compile_within(text: str, *, ignores_case: bool) -> Pattern:
    """A pattern that may match anywhere in a text. Raises BadPattern as above."""
    compile_pattern(text)  # by itself: it must not close the groups around it
    return compile_pattern(f"(?s:.*?)(?{'i' if ignores_case else '-i'}:{text})")


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.encoding = re2.Options.Encoding.LATIN1  # one character is one byte
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    return options


def _octets(path: str) -> bytes:
    try:
        return path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # it stands for no bytes, so no request has it
        return path.encode("utf-8", "surrogatepass")


def _translated(token: re.Match[str]) -> str:
    """One token of PCRE in RE2's syntax."""
    text = token[0]
    match token.lastgroup:
        case "quoted":
            return "".join(map(_literal, token["quoted"]))
        case "escape" if not text.isascii():
            return _literal(text[1])
        case "escape":
            _refuse_property(text)
            return _ESCAPES.get(text, text)
        case "charset":
            return _charset(text)
        case "group":
            return "(?P<"  # which every version of RE2 knows
        case "wide":
            return _literal(text)
    return text


def _literal(character: str) -> str:
    """The bytes of a character beyond ASCII are one thing, and have no case."""
    return re.escape(character) if character.isascii() else f"(?-i:{character})"


def _charset(text: str) -> str:
    if not text.isascii():
        raise BadPattern(
            f"{text} holds a character outside ASCII, which is more than one byte: "
            "write it as an alternative such as (é|ü)"
        )
    return _CLASS_MEMBER.sub(_class_member, text)


def _class_member(member: re.Match[str]) -> str:
    text = member[0]
    if member["escape"]:
        _refuse_property(text)
        return _ESCAPES_IN_CLASS.get(text, text)
    if member["name"] not in _POSIX_CLASSES:
        raise BadPattern(f"the character class {text} is not supported")
    return text


def _refuse_property(escape: str) -> None:
    if escape in (r"\p", r"\P"):
        raise BadPattern(rf"{escape} is not supported: paths are compared byte by byte")


def _refusal(complaint: bytes) -> BadPattern:
    text = complaint.decode("utf-8", "replace")
    for pattern, what in _BEYOND_RE2:
        if re.fullmatch(pattern, text, re.DOTALL):
            reason = f"{what} is not supported: it cannot be matched in linear time"
            return BadPattern(reason, is_beyond_us=True)
    for pattern, reason in _WRONG:
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return BadPattern(found.expand(reason))
    return BadPattern(text)
