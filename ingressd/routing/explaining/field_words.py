"""What a policy changes in header fields, denies and redirects, in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ingressd.routing.policy import (
    AnswerFields,
    Condition,
    ConditionalRedirect,
    DeniedPath,
    FieldAction,
    FieldEdit,
    PathMatch,
    PodFields,
    Policy,
    Substitution,
)


def field_words(policy: Policy) -> Iterator[str]:
    """What differs from the default, one phrase each."""
    yield from map(_denied_words, policy.denied)
    yield from map(_redirect_words, policy.redirects_if)
    yield from _answer_words(policy.answer_fields)
    yield from _pod_words(policy.pod_fields)
    if not policy.is_logged:
        yield "not in the access log"


def _denied_words(denied: DeniedPath) -> str:
    match denied.match:
        case PathMatch.START:
            path = f"{denied.text}*"
        case PathMatch.ELEMENTS:
            path = denied.text
        case _:
            path = f"{denied.match.value} {denied.text}"
    return f"path {path} answered {denied.status}"


def _redirect_words(redirect: ConditionalRedirect) -> str:
    condition = _condition_words(redirect.condition)
    return f"redirected to {redirect.location} with {redirect.status} if {condition}"


def _condition_words(condition: Condition) -> str:
    trait = " ".join(filter(None, (condition.trait.value, condition.name)))
    sign = "!" * condition.is_negated + ("~" if condition.is_regex else "=")
    return f"{trait} {sign} {condition.text}"


def _answer_words(fields: AnswerFields) -> Iterator[str]:
    hidden = (*fields.hidden, *(("server",) if fields.hides_server else ()))
    if hidden:
        yield f"clients do not get {', '.join(hidden)} of pods"
    substitutions = (
        ("Domain of cookies", fields.cookie_domain),
        ("Path of cookies", fields.cookie_path),
        ("Location", fields.location),
    )
    for what, change in substitutions:
        if change is not None and change.old and change.new:
            yield _substitution_words(what, change)
    if fields.custom:
        yield f"answers with {', '.join(name for name, _ in fields.custom)}"
    yield from _edit_words("answers", fields.edits)


def _substitution_words(what: str, change: Substitution) -> str:
    return f"{what}: {change.new} in place of {change.old}"


def _pod_words(fields: PodFields) -> Iterator[str]:
    if fields.original_uri:
        yield "pods get X-Original-URI"
    if fields.prefix:
        yield f"X-Forwarded-Prefix {fields.prefix}"
    yield from _edit_words("requests", fields.edits)


def _edit_words(where: str, edits: Iterable[FieldEdit]) -> Iterator[str]:
    for edit in edits:
        value = "" if edit.action is FieldAction.REMOVE else f": {edit.value}"
        yield f"{where}: {edit.action.value} {edit.name}{value}"
