"""Header fields: those that pods get, and those of every answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.filters.field_changes import FieldChanges
from ingressd.proxy.variables import lookup_in
from ingressd.routing.model import Route
from ingressd.routing.patterns import Groups
from ingressd.routing.policy import AnswerFields, FieldAction, FieldEdit, PodFields, Policy


def pod_fields(route: Route, environment: Environment) -> PodFieldsFilter | None:
    """For a policy that says anything of them."""
    everywhere = environment.current.table.global_policy.pod_fields
    changes = FieldChanges((*_set(everywhere), *_towards_pods(route.policy)), towards_pods=True)
    return PodFieldsFilter(route, changes) if changes else None


def answer_fields(route: Route, environment: Environment) -> AnswerFieldsEdit | None:
    """For a policy that says anything of every answer."""
    everywhere = environment.current.table.global_policy.answer_fields
    changes = FieldChanges((*_set(everywhere), *_of_answers(route.policy.answer_fields)))
    return AnswerFieldsEdit(route, changes) if changes else None


class PodFieldsFilter:
    """Change what pods get, once it is known that they get something."""

    def __init__(self, route: Route, changes: FieldChanges) -> None:
        self._route = route
        self._changes = changes

    def __call__(self, request: Request, groups: Groups | None) -> None:
        """Change the lines of the request."""
        if self._changes.is_constant:
            request.lines = self._changes.put(request.lines)
        else:
            lookup = lookup_in(request, self._route, groups)
            request.lines = self._changes.render(request.lines, lookup)


class AnswerFieldsEdit:
    """Change the fields of an answer, whoever gave it."""

    def __init__(self, route: Route, changes: FieldChanges) -> None:
        self.is_fixed = changes.is_constant
        self._route = route
        self._changes = changes

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with the changes."""
        if self._changes.is_constant:
            return self._changes.put(lines)
        return self._changes.render(lines, lookup_in(request, self._route))


def _towards_pods(policy: Policy) -> Iterator[FieldEdit]:
    fields: PodFields = policy.pod_fields
    if fields.original_uri:
        yield FieldEdit(FieldAction.SET, "X-Original-URI", "$request_uri")
    if fields.prefix and policy.rewrite is not None:
        yield FieldEdit(FieldAction.SET, "X-Forwarded-Prefix", fields.prefix)
    yield from fields.edits


def _of_answers(fields: AnswerFields) -> Iterator[FieldEdit]:
    for name, value in fields.custom:
        yield FieldEdit(FieldAction.SET, name, value, is_literal=True)
    yield from fields.edits


def _set(pairs: Iterable[tuple[str, str]]) -> Iterator[FieldEdit]:
    return (FieldEdit(FieldAction.SET, name, value) for name, value in pairs)
