"""Annotations of ingressd's own."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
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
    Trait,
)

SET, ADD, REMOVE = FieldAction.SET, FieldAction.ADD, FieldAction.REMOVE


def redirected(condition: Condition, status: int, location: str) -> Directives:
    return Directives(Policy(redirects_if=(ConditionalRedirect(condition, status, location),)))


EXAMPLES = {
    "response-headers": [
        (
            "set X-Frame-Options: DENY\n\n  add Vary:  Accept, $host\nremove Server\n",
            Directives(
                Policy(
                    answer_fields=AnswerFields(
                        edits=(
                            FieldEdit(SET, "X-Frame-Options", "DENY"),
                            FieldEdit(ADD, "Vary", "Accept, $host"),
                            FieldEdit(REMOVE, "Server"),
                        )
                    )
                )
            ),
        ),
    ],
    "request-headers": [
        (
            "set X-Env:\nremove Cookie",
            Directives(
                Policy(
                    pod_fields=PodFields(
                        edits=(FieldEdit(SET, "X-Env"), FieldEdit(REMOVE, "Cookie"))
                    )
                )
            ),
        ),
    ],
    "denied-paths": [
        (
            "/admin\n/tmp* 404\n= /x 503\n~ \\.(git|env)$\n~ a*",
            Directives(
                Policy(
                    denied=(
                        DeniedPath(PathMatch.ELEMENTS, "/admin"),
                        DeniedPath(PathMatch.START, "/tmp", 404),
                        DeniedPath(PathMatch.EXACT, "/x", 503),
                        DeniedPath(PathMatch.REGEX, r"\.(git|env)$"),
                        DeniedPath(PathMatch.REGEX, "a*"),
                    )
                )
            ),
        ),
    ],
    "redirect-if": [
        (
            "host = Old.test 301 https://new.test$request_uri",
            redirected(Condition(Trait.HOST, "Old.test"), 301, "https://new.test$request_uri"),
        ),
        (
            "header X-Kind !~ ^(a|b)$ 302 /$1",
            redirected(
                Condition(Trait.HEADER, "^(a|b)$", "x-kind", is_regex=True, is_negated=True),
                302,
                "/$1",
            ),
        ),
        (
            "  scheme != https   307  https://$host/ ",
            redirected(Condition(Trait.SCHEME, "https", is_negated=True), 307, "https://$host/"),
        ),
    ],
}
INVALID = [
    *(
        ("response-headers", text)
        for text in (
            "", "set X", "set X=1", "X: 1", "set X Y: 1", "remove X: 1", "set Content-Length: 1",
            "set connection: close", "add Transfer-Encoding: chunked", "set X: $nothing",
            "set X: a\x00b", "set X: a\x7f", "drop X", "set X: 1\nbroken",
        )
    ),
    *(
        ("request-headers", text)
        for text in (
            "set Host: b.test", "remove Content-Length", "set X-Forwarded-For: 1.2.3.4",
            "set X_Real_IP: 1.2.3.4", "add Upgrade: h2c", "set X: a\x0bb\x01",
        )
    ),
    *(
        ("denied-paths", text)
        for text in ("", "admin", "/a 200", "/a 600", "= admin", "= /a*", "~ (", "/a 403 b", "~")
    ),
    *(
        ("redirect-if", text)
        for text in (
            "", "host = a", "host = a 301", "host = a 304 /", "host == a 301 /", "port = 1 301 /",
            "header = a 301 /", "host ~ ( 301 /", "host = a 301 b.test", "host = a 301 $nothing",
            "host = a 301 ftp://b", "host = a b 301 /",
        )
    ),
]  # fmt: skip
