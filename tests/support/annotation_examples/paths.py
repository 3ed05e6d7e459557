"""Paths and host names."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import HostPolicy, Policy, Rewrite

EXAMPLES = {
    "use-regex": [("true", Directives(use_regex=True)), ("false", Directives())],
    "rewrite-target": [("/$1", Directives(Policy(rewrite=Rewrite("/$1"))))],
    "server-alias": [
        ("b.test, A.test.,b.test", Directives(host=HostPolicy(aliases=("a.test", "b.test")))),
        (r"~^www\d+, *.a.test", Directives(host=HostPolicy(aliases=("*.a.test",)))),
        ("~.*", Directives()),
    ],
}
INVALID = [
    ("rewrite-target", "/foo?bar"),
    *(("server-alias", text) for text in ("", " , ", "a b", "http://a.test", "a..test")),
]
