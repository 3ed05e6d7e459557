"""nginx's configuration as a tree: directives with words, some with a block of others."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

_TOKEN = re.compile(
    r"""(?P<space>\s+ | \#[^\n]*)
      | (?P<mark>[;{}])
      | (?P<quoted>"(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*')
      | (?P<word>(?:\$\{ | \\. | [^\s;{}"'\#] | (?<=\S)[\#"'])(?:\$\{\w*\} | \\. | [^\s;{])*)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\([\"'\\])")
_DEEPEST = 8
_LONGEST = 64 * 1024


class Directive(Struct, frozen=True):
    """A name and what stands behind it; ``block`` is None for one that ends in a semicolon."""

    words: tuple[str, ...]
    block: tuple[Directive, ...] | None = None

    @property
    def name(self) -> str:
        """Its first word."""
        return self.words[0]

    def __str__(self) -> str:
        """About as it was written, on one line."""
        text = " ".join(self.words)
        if self.block is None:
            return f"{text};"
        return " ".join([text, "{", *map(str, self.block), "}"])


def parse(text: str) -> tuple[Directive, ...]:
    """The directives of a snippet. Raises ValueError for what nginx could not read either."""
    if len(text) > _LONGEST:
        raise ValueError("too long")
    return _block(_tokens(text), depth=0)


def _tokens(text: str) -> Iterator[str]:
    """Words without their quotes after a letter "w", and marks."""
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ValueError("a quote is not closed")
        place = found.end()
        if found["mark"]:
            yield found["mark"]
        elif found["quoted"]:
            yield "w" + _ESCAPED.sub(r"\1", found["quoted"][1:-1])
        elif found["word"]:
            yield "w" + found["word"]


def _block(tokens: Iterator[str], depth: int) -> tuple[Directive, ...]:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    directives: list[Directive] = []
    words: list[str] = []
    for token in tokens:
        if token.startswith("w"):
            words.append(token[1:])
        elif token == "}":
            if words or not depth:
                raise ValueError("a brace out of place")
            return tuple(directives)
        elif not words:
            raise ValueError("nothing stands before a semicolon or a brace")
        else:
            inner = _block(tokens, depth + 1) if token == "{" else None
            directives.append(Directive(tuple(words), inner))
            words = []
    if words or depth:
        raise ValueError("it has no end")
    return tuple(directives)
