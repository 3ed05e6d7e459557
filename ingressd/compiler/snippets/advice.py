"""What to tell the owner of a snippet: the annotations that do the same, ready to be pasted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

from ingressd.compiler.annotations.rows import own
from ingressd.compiler.snippets.replacement import Replacement
from ingressd.compiler.snippets.replacing import replacement_of

_LONGEST_SHOWN = 200


@lru_cache(maxsize=1024)  # the same snippet comes in many Ingresses
def advice(text: str, prefix: str, otherwise: str, *, of_host: bool = False) -> str:
    """What to do about a snippet under ``prefix``, in several lines; ``otherwise`` where nothing is
    known that does the same. ``of_host``: it counts for every Ingress of the host."""
    try:
        replacement = replacement_of(text)
    except ValueError:
        return f"{otherwise} (nginx could not read it either)"
    if not (replacement.lines or replacement.settings):
        hints = list(dict.fromkeys(hint for _, hint in replacement.left if hint))
        return "\n".join([otherwise, *hints])
    where = " (on every Ingress of the host, since it counts for them all)" if of_host else ""
    return "\n".join(_advice(replacement, prefix, where))


def _advice(replacement: Replacement, prefix: str, where: str) -> Iterator[str]:
    annotations = list(_annotations(replacement, prefix))
    if annotations:
        whole = "in its place" if replacement.is_whole else "in the place of what they replace"
        yield f"write these annotations {whole}{where}:"
        yield from annotations
    keys = [each for each in replacement.settings if each.is_key]
    if keys:
        yield "write these keys into the ConfigMap of ingressd:"
        yield from (f"{each.name}: {json.dumps(each.value)}" for each in keys)
    if replacement.left:
        yield "nothing replaces:"
        for directive, hint in replacement.left:
            yield f"  {_shown(directive)}{f' ({hint})' if hint else ''}"


def _annotations(replacement: Replacement, prefix: str) -> Iterator[str]:
    for name, lines in replacement.lines.items():
        yield f"{own.PREFIX}/{name}: |"
        yield from (f"  {line}" for line in lines)
    for each in replacement.settings:
        if not each.is_key:
            yield f"{prefix}/{each.name}: {json.dumps(each.value)}"


def _shown(directive: str) -> str:
    text = " ".join(directive.split())
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
