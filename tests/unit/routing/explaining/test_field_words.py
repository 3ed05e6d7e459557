from __future__ import annotations

import pytest

from ingressd.routing.explaining.policy_words import policy_words
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
    Trait,
)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            Policy(
                denied=(
                    DeniedPath(PathMatch.ELEMENTS, "/a"),
                    DeniedPath(PathMatch.START, "/b", 404),
                    DeniedPath(PathMatch.REGEX, "c$"),
                )
            ),
            ["path /a answered 403", "path /b* answered 404", "path ~ c$ answered 403"],
        ),
        (
            Policy(
                redirects_if=(
                    ConditionalRedirect(
                        Condition(Trait.HEADER, "a", "x", is_regex=True, is_negated=True), 301, "/"
                    ),
                    ConditionalRedirect(Condition(Trait.HOST, "a.test"), 302, "/b"),
                )
            ),
            ["redirected to / with 301 if header x !~ a", "redirected to /b with 302 if host = "
             "a.test"],
        ),
        (
            Policy(
                answer_fields=AnswerFields(
                    hidden=("x-a",),
                    hides_server=True,
                    cookie_path=Substitution("/a", "/b"),
                    location=Substitution("http://a", "http://b"),
                    custom=(("X-C", "1"),),
                    edits=(FieldEdit(FieldAction.REMOVE, "X-D"),),
                )
            ),
            [
                "clients do not get x-a, server of pods",
                "Path of cookies: /b in place of /a",
                "Location: http://b in place of http://a",
                "answers with X-C",
                "answers: remove X-D",
            ],
        ),
        (
            Policy(
                pod_fields=PodFields(
                    original_uri=True, prefix="/a", edits=(FieldEdit(FieldAction.ADD, "X", "1"),)
                ),
                is_logged=False,
            ),
            ["pods get X-Original-URI", "X-Forwarded-Prefix /a", "requests: add X: 1",
             "not in the access log"],
        ),
    ],
)  # fmt: skip
def test_words(policy: Policy, words: list[str]) -> None:
    assert list(policy_words(policy)) == words
