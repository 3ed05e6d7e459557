"""One entry of ``spec.rules[].http.paths``: its path, in the form requests are compared with."""

from __future__ import annotations

import re

from msgspec import Struct, structs

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.codes import Code, problem
from ingressd.resources.ingress import HTTPIngressPath
from ingressd.resources.shape import Problem
from ingressd.routing.model import PathKind
from ingressd.routing.paths import normalise_path
from ingressd.routing.patterns import BadPattern, compile_pattern
from ingressd.routing.policy import Policy

_KINDS = {
    "Exact": PathKind.EXACT,
    "Prefix": PathKind.PREFIX,
    "ImplementationSpecific": PathKind.PREFIX,
    None: PathKind.PREFIX,
}
# Beside controls and space: line separators, so that a path stays on one line of a log.
_CONTROL = re.compile("[\\x00-\\x1f\\x7f\\x85\\u2028\\u2029]")
_GROUP_REFERENCE = re.compile(r"\$([1-9])")


class RulePath(Struct, frozen=True):
    """A path that can be served. ``kind`` is REGEX where its own Ingress asks for that."""

    path: str
    kind: PathKind
    policy: Policy
    warnings: tuple[Problem, ...] = ()


def read_rule_path(path: HTTPIngressPath, directives: Directives, field: str) -> RulePath | Problem:
    """The compiled path, or the error for which this path (and no other) is lost."""
    text = path.path or "/"
    kind = _KINDS.get(path.path_type)
    if kind is None:
        return problem(
            Code.PATH_TYPE_UNKNOWN,
            f"{field}.pathType",
            f"{path.path_type!r} is not a path type; this path is not served",
            "write Exact, Prefix or ImplementationSpecific",
        )
    fault = _fault(text)
    if fault:
        return _invalid(field, fault)
    warnings = () if path.path_type is not None else (_missing_type(field),)
    policy = _policy_for(text, directives.policy)
    if directives.use_regex or policy.rewrite is not None:
        return _regex(text, policy, field, warnings)
    literal = normalise_path(text)
    if literal is None:
        return _invalid(field, f"{text!r} has a malformed escape or leads above the root")
    if _CONTROL.search(literal):
        return _invalid(field, f"{text!r} holds an escaped control character")
    if not _is_text(literal):
        return _invalid(field, f"{text!r} holds escapes that are not UTF-8")
    if kind is PathKind.PREFIX:
        literal = literal.rstrip("/") or "/"  # Kubernetes compares elements: /foo/ is /foo
    return RulePath(literal, kind, policy, warnings)


def _fault(text: str) -> str:
    if text[0] != "/":
        return f"{text!r} does not start with a slash"
    if " " in text or _CONTROL.search(text):
        return f"{text!r} holds a space or a control character"
    return ""


def _is_text(literal: str) -> bool:
    """Whether it can be written in JSON and sent to a worker: it holds no surrogate."""
    return not any("\ud800" <= character <= "\udfff" for character in literal)


def _invalid(field: str, fault: str) -> Problem:
    return problem(
        Code.PATH_INVALID,
        f"{field}.path",
        f"{fault}; this path is not served",
        'write an absolute path such as "/foo"',
    )


def _missing_type(field: str) -> Problem:
    return problem(
        Code.PATH_TYPE_MISSING,
        f"{field}.pathType",
        "it is missing, and required since networking.k8s.io/v1; it is taken as Prefix",
        "write pathType: Prefix",
    )


def _policy_for(text: str, policy: Policy) -> Policy:
    """Without the rewrite where the target is the path itself: ingress-nginx sees none there."""
    if policy.rewrite is not None and policy.rewrite.target == text:
        return structs.replace(policy, rewrite=None)
    return policy


def _regex(
    text: str, policy: Policy, field: str, warnings: tuple[Problem, ...]
) -> RulePath | Problem:
    try:
        pattern = compile_pattern(text)
    except BadPattern as error:
        return invalid_regex(text, error, field)
    missing = _missing_groups(policy, pattern.groups)
    if missing:
        warnings += (_missing_group(field, text, missing),)
    return RulePath(text, PathKind.REGEX, policy, warnings)


def invalid_regex(text: str, error: BadPattern, field: str) -> Problem:
    """The problem of a path that must be a regular expression and is none that can be had."""
    wrong = "cannot be used as" if error.is_beyond_us else "is not"
    return problem(
        Code.REGEX_INVALID,
        f"{field}.path",
        f"{text!r} {wrong} a regular expression ({error}); this path is not served",
        "write it without: the longest expression goes first, so that a longer one for the "
        "exceptions wins"
        if error.is_beyond_us
        else "correct it, or escape the characters that are meant literally with a backslash",
    )


def _missing_groups(policy: Policy, groups: int) -> str:
    target = policy.rewrite.target if policy.rewrite is not None else ""
    return ", ".join(
        f"${number}" for number in _GROUP_REFERENCE.findall(target) if int(number) > groups
    )


def _missing_group(field: str, text: str, missing: str) -> Problem:
    return problem(
        Code.REWRITE_GROUP_MISSING,
        f"{field}.path",
        f"{text!r} has no group for {missing} of rewrite-target, which is left empty",
        "put the part of the path that is to be kept in parentheses",
    )
