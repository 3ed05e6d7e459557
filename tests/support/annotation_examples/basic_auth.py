"""Users and passwords."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.resources.metadata import ObjectMeta
from ingressd.resources.secret import Secret
from ingressd.routing.policy import Access, BasicAuth, Policy, UserForm

USERS = Secret(
    metadata=ObjectMeta(name="users", namespace="default"),
    data={"auth": b"jane:{PLAIN}secret\n"},
)


def basic(**fields: object) -> Directives:
    wanted = BasicAuth(**{"secret": "default/users", **fields})  # type: ignore[arg-type]
    return Directives(Policy(access=Access(basic_auth=wanted)))


EXAMPLES = {
    "auth-type": [("basic", basic()), ("digest", Directives(Policy(is_closed=True)))],
    "auth-secret": [("users", basic()), ("default/users", basic())],
    "auth-secret-type": [
        ("auth-file", basic()),
        ("auth-map", basic(form=UserForm.MAP)),
    ],
    "auth-realm": [("Shop: staff_only v1.0/~", basic(realm="Shop: staff_only v1.0/~"))],
}
INVALID = [
    *(("auth-type", text) for text in ("", "Basic", "ntlm", "basic digest")),
    ("auth-secret", " "),
    *(("auth-secret-type", text) for text in ("", "file", "auth-map;")),
    *(("auth-realm", text) for text in ("", 'Say "friend"', "a\nb", "Größe", "$host")),
]
