"""What is said of keys that only say how something is done which is not done at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from ingressd.compiler.codes import Code, finding
from ingressd.compiler.configmap.reading import field_of
from ingressd.compiler.configmap.row import GlobalDirectives
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey


class _Switch(NamedTuple):
    """The key that has something done and the words that tell to write it, how the names of those
    begin that say how, and whether it is done. None of them counts for what an annotation asks for.
    """

    key: str
    words: str
    start: str
    is_on: Callable[[GlobalDirectives], bool]


_SWITCHES = (
    _Switch(
        "global-auth-url",
        "global-auth-url",
        "global-auth-",
        lambda said: bool(said.directives.global_auth.url),
    ),
    _Switch("hsts", "hsts: true", "hsts-", lambda said: said.hsts),
)


def tell_of_idle(
    texts: Mapping[str, str],
    subject: ObjectKey,
    said: GlobalDirectives,
    findings: Iterable[Finding],
) -> Iterator[Finding]:
    """A finding for each key of ``subject`` that is written in vain, unless there is one already.
    ``said`` is what all of them come to."""
    known = {found.field for found in findings}
    for switch in _SWITCHES:
        if switch.is_on(said) or field_of(switch.key) in known:
            continue
        for key in texts:
            if key.startswith(switch.start) and texts[key].strip() and field_of(key) not in known:
                yield _told(key, switch.words, subject)


def _told(key: str, words: str, subject: ObjectKey) -> Finding:
    return finding(
        Code.CONFIGMAP_KEY_NO_EFFECT,
        subject,
        field_of(key),
        f"it has no effect without {words}",
        f"set {words} as well, or remove this one",
    )
