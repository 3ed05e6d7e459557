"""Changes of field lines, worked out once from a policy and carried out for each message."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingressd.proxy.headers import alike, line, without, without_alike
from ingressd.routing.policy import FieldAction, FieldEdit
from ingressd.routing.variables import Lookup, Template, as_field, parse_template


class FieldChanges:
    """Some edits together: which fields go, and which come behind the others.

    ``is_constant``: they are the same for every request, so that no lookup is needed.
    ``towards_pods``: they are about requests; groups of the rule's expression may stand in them.
    """

    def __init__(self, edits: Iterable[FieldEdit], *, towards_pods: bool = False) -> None:
        gone: set[bytes] = set()
        coming: list[tuple[bytes, Template]] = []
        for edit in edits:
            name = edit.name.encode()
            if edit.action is not FieldAction.ADD:
                gone.add(name.lower())
                coming = [each for each in coming if each[0].lower() != name.lower()]
            if edit.value.strip():
                coming.append((name, _template(edit, groups=towards_pods)))
        self._gone = alike(gone) if towards_pods else frozenset(gone)
        self._without = without_alike if towards_pods else without
        self._coming = tuple(coming)
        self.is_constant = all(template.is_constant for _, template in coming)
        self._lines = tuple(_rendered(coming, _nothing)) if self.is_constant else ()

    def __bool__(self) -> bool:
        return bool(self._gone or self._coming)

    def put(self, lines: list[bytes]) -> list[bytes]:
        """The lines with constant changes."""
        kept = self._without(lines, self._gone) if self._gone else lines
        return [*kept, *self._lines]

    def render(self, lines: list[bytes], lookup: Lookup) -> list[bytes]:
        """The lines with these changes, for the request that ``lookup`` looks into."""
        kept = self._without(lines, self._gone) if self._gone else lines
        return [*kept, *_rendered(self._coming, lookup)]


def _template(edit: FieldEdit, *, groups: bool) -> Template:
    if edit.is_literal:
        return Template((edit.value,))
    return parse_template(edit.value, groups=groups)


def _rendered(coming: Iterable[tuple[bytes, Template]], lookup: Lookup) -> Iterator[bytes]:
    """A field of which nothing is left is not written, as in nginx."""
    for name, template in coming:
        if value := as_field(template.render(lookup)):
            yield line(name, value.encode())


def _nothing(name: str) -> str:
    return ""
