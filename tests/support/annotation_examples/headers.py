"""Header fields, of answers and of requests."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.secret import ConfigMap
from ingressd.routing.policy import AnswerFields, PodFields, Policy, Rewrite, Substitution
from support.objects import meta

REWRITTEN = "/$1"
START, INSTEAD = "http://pod.test/", "https://b.test/"
FIELDS = ConfigMap(metadata=meta("fields"), data={})


def answers(**fields: object) -> Directives:
    return Directives(Policy(answer_fields=AnswerFields(**fields)))  # type: ignore[arg-type]


def prefixed(text: str) -> Directives:
    return Directives(Policy(rewrite=Rewrite(REWRITTEN), pod_fields=PodFields(prefix=text)))


LOCATION = answers(location=Substitution(START, INSTEAD))

EXAMPLES = {
    "custom-headers": [("fields", Directives())],
    "proxy-cookie-domain": [
        ("a.test b.test", answers(cookie_domain=Substitution("a.test", "b.test"))),
        (".a.test  .$host", answers(cookie_domain=Substitution("a.test", "$host"))),
        ("off", Directives()),
    ],
    "proxy-cookie-path": [
        (" /one/ / ", answers(cookie_path=Substitution("/one/", "/"))),
        ("off", Directives()),
    ],
    "proxy-redirect-from": [
        (START, LOCATION),
        ("off", answers(location=Substitution("", INSTEAD))),
        ("default", answers(location=Substitution("", INSTEAD))),
    ],
    "proxy-redirect-to": [
        (INSTEAD, LOCATION),
        ("off", answers(location=Substitution(START, ""))),
        (
            "https://$host/",
            answers(location=Substitution(START, "https://$host/")),
        ),
    ],
    "x-forwarded-prefix": [("/app", prefixed("/app")), ("/$1", prefixed("/$1"))],
    "enable-access-log": [
        ("false", Directives(Policy(is_logged=False))),
        ("true", Directives()),
    ],
}
INVALID = [
    *(("proxy-cookie-domain", text) for text in ("", "a.test", "a b c", "~a b", "a $nothing")),
    *(("proxy-cookie-path", text) for text in ("/a;", "/a {b", '/a "/b"', "/a /b;")),
    *(("proxy-redirect-from", text) for text in ("", "a b", "~^http", "$nothing", "a;b")),
    *(("proxy-redirect-to", text) for text in ("", "a b", "$")),
    *(("x-forwarded-prefix", text) for text in ("", "/a b", "/a?b", "/$nothing", "/a\nb")),
    ("enable-access-log", "off"),
]
