from __future__ import annotations

import pytest
from msgspec import structs
from support.objects import ingress, path, rule

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.ingresses.claims import CanaryPath, CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Severity
from ingressd.resources.ingress import (
    Ingress,
    IngressBackend,
    IngressTLS,
    TypedLocalObjectReference,
)
from ingressd.routing.model import CATCH_ALL, Backend, PathKind
from ingressd.routing.policy import CanaryPolicy


def compiled(subject: Ingress) -> CompiledIngress:
    return compile_ingress(subject, {}, CompilerSettings())


def test_routes_are_claimed_host_by_host() -> None:
    result = compiled(
        ingress("web", rule("a.example.com", "/a"), rule("", "/b"), rule("A.example.com", "/c"))
    )
    paths = {host: [r.path for r in claim.routes] for host, claim in result.claims.items()}
    assert paths == {"a.example.com": ["/a", "/c"], CATCH_ALL: ["/b"]}


def test_route_names_its_place_and_backend() -> None:
    result = compiled(ingress("web", rule("a.example.com", "/a", path("/b", to="api:http"))))
    route = result.claims["a.example.com"].routes[1]
    assert (route.ingress, route.field) == ("default/web", "spec.rules[0].http.paths[1]")
    assert route.backend == Backend("default", "api", "http")
    assert [r.field for r in result.references] == [
        "spec.rules[0].http.paths[0].backend",
        "spec.rules[0].http.paths[1].backend",
    ]


def test_a_bad_path_and_a_bad_host_lose_only_themselves() -> None:
    result = compiled(
        ingress("web", rule("a.example.com", "bad", "/good"), rule("no host", "/lost"))
    )
    assert [route.path for route in result.claims["a.example.com"].routes] == ["/good"]
    assert [(f.code, f.field) for f in result.findings] == [
        ("PathInvalid", "spec.rules[0].http.paths[0].path"),
        ("HostInvalid", "spec.rules[1].host"),
    ]


DENYING = Directives(denied_words=("_by_lua", "{"))


@pytest.mark.parametrize(
    ("annotations", "field"),
    [
        ({"nginx.ingress.kubernetes.io/server-snippet": "set_by_lua $x;"}, "server-snippet"),
        ({"nginx.ingress.kubernetes.io/no-such": "a{b", "example.com/x": "{"}, "no-such"),
        ({"example.com/server-snippet": "set_by_lua $x;"}, ""),
        ({"nginx.ingress.kubernetes.io/auth-realm": "by lua"}, ""),
    ],
)
def test_nothing_is_served_of_an_ingress_with_a_denied_word(
    annotations: dict[str, str], field: str
) -> None:
    subject = ingress("web", rule("a.example.com", "/a"), default="web:80")
    metadata = structs.replace(subject.metadata, annotations=annotations)
    result = compile_ingress(
        structs.replace(subject, metadata=metadata), {}, CompilerSettings(), DENYING
    )
    assert result.is_ours
    denied = [found for found in result.findings if found.code == "AnnotationDenied"]
    if not field:
        assert result.claims
        assert not denied
        return
    assert not result.claims
    (found,) = denied
    assert found.field == f"metadata.annotations[nginx.ingress.kubernetes.io/{field}]"
    assert found.severity is Severity.ERROR
    assert found.message.startswith(
        "it holds '{', " if field == "no-such" else "it holds '_by_lua', "
    )


def test_default_backend_without_rules_claims_the_catch_all() -> None:
    claim = compiled(ingress("web", default="web:80")).claims[CATCH_ALL]
    assert claim.fallback is not None
    assert claim.fallback.backend == Backend("default", "web", "80")


def test_default_backend_with_rules_stands_behind_its_hosts_and_is_never_rewritten() -> None:
    result = compiled(
        ingress(
            "web",
            rule("a.example.com"),
            default="web:80",
            annotations={"rewrite-target": "/x", "ssl-redirect": "false"},
        )
    )
    assert set(result.claims) == {"a.example.com"}
    fallback = result.claims["a.example.com"].fallback
    assert fallback is not None
    assert fallback.host == "a.example.com"
    assert fallback.policy.rewrite is None
    assert fallback.policy.tls_redirect.value == "off"


def test_protection_that_cannot_be_given_closes_every_path() -> None:
    result = compiled(
        ingress(
            "web",
            rule("a.example.com", "/a"),
            default="web:80",
            annotations={"auth-url": ""},
        )
    )
    claim = result.claims["a.example.com"]
    assert [route.backend for route in claim.routes] == [None]
    assert claim.fallback is not None
    assert claim.fallback.backend is None
    assert [f.severity.value for f in result.findings] == ["error"]


def test_tls_entries_keep_valid_hosts_and_own_secrets() -> None:
    entries = (
        IngressTLS(("a.example.com", "bad host"), "cert"),
        IngressTLS(("b.example.com",), "other/cert"),
        IngressTLS(("c.example.com",)),
    )
    result = compiled(ingress("web", rule("a.example.com", "/"), tls=entries))
    assert [(e.field, e.secret, [h for _, h in e.hosts]) for e in result.tls] == [
        ("spec.tls[0]", "default/cert", ["a.example.com"]),
        ("spec.tls[2]", "", ["c.example.com"]),
    ]
    assert [(f.code, f.field) for f in result.findings] == [
        ("HostInvalid", "spec.tls[0].hosts[1]"),
        ("SecretInOtherNamespace", "spec.tls[1].secretName"),
    ]
    assert result.claims["a.example.com"].has_tls
    assert result.secrets() == {"default/cert"}
    assert result.host_names() == {"a.example.com", "c.example.com"}


def test_foreign_ingress_claims_nothing() -> None:
    result = compiled(ingress("web", rule("a.example.com", "/"), ingress_class="nobody"))
    assert (result.claims, result.references, result.tls) == ({}, (), ())


def test_ingress_without_rules_and_default_backend_is_reported() -> None:
    assert [f.code for f in compiled(ingress("web")).findings] == ["IngressEmpty"]


def test_a_canary_has_no_paths_of_its_own() -> None:
    tls = [IngressTLS(("a.example.com",), "cert")]
    annotations = {"canary": "true", "canary-weight": "5", "use-regex": "true"}
    shared = rule("a.example.com", path("/a/", to="new:80"))
    result = compiled(ingress("new", shared, tls=tls, annotations=annotations))
    assert (result.claims, result.tls) == ({}, ())
    assert result.host_names() == {"a.example.com"}
    claim = result.canaries["a.example.com"]
    assert (claim.policy, claim.affinity) == (CanaryPolicy(weight=5), None)
    assert claim.paths == (
        CanaryPath(
            "spec.rules[0].http.paths[0]",
            "/a/",
            ((PathKind.PREFIX, "/a"), (PathKind.REGEX, "/a/")),
            Backend("default", "new", "80"),
        ),
    )
    (reference,) = result.references
    assert (reference.backend.service, reference.of_canary) == ("new", True)
    assert [found.verdict for found in result.findings] == ["no-op"]


def test_the_default_backend_of_a_canary_shares_that_of_the_catch_all_host() -> None:
    result = compiled(ingress("new", default="new:80", annotations={"canary": "true"}))
    (share,) = result.canaries[CATCH_ALL].paths
    assert (share.field, share.forms) == ("spec.defaultBackend", ())


def test_half_a_canary_yields() -> None:
    result = compiled(
        ingress("new", rule("a.example.com", "/a"), annotations={"canary-weight": "5"})
    )
    assert result.claims["a.example.com"].yields


@pytest.mark.parametrize(("text", "codes"), [("false", []), ("yes", ["AnnotationInvalid"])])
def test_without_a_true_canary_it_is_an_ordinary_ingress(text: str, codes: list[str]) -> None:
    result = compiled(ingress("web", rule("a.example.com", "/a"), annotations={"canary": text}))
    assert list(result.claims) == ["a.example.com"]
    assert [found.code for found in result.findings] == codes


@pytest.mark.parametrize("created", ["yesterday", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z"])
def test_a_creation_time_that_is_none_is_told(created: str) -> None:
    result = compiled(ingress("web", rule("a.example.com", "/a"), created=created))
    (told,) = result.findings
    assert (told.code, told.field) == ("CreationTimeInvalid", "metadata.creationTimestamp")
    assert list(result.claims) == ["a.example.com"]


def test_what_is_no_service_counts_as_not_written() -> None:
    icons = IngressBackend(resource=TypedLocalObjectReference("Bucket", "icons"))
    bucket = structs.replace(path("/icons"), backend=icons)
    made = ingress("web", rule("a.example.com", "/a", bucket))
    made = structs.replace(made, spec=structs.replace(made.spec, default_backend=icons))
    result = compiled(made)
    assert [route.path for route in result.claims["a.example.com"].routes] == ["/a"]
    assert result.claims["a.example.com"].fallback is None
    assert [(f.code, f.field) for f in result.findings] == [
        ("BackendResourceUnsupported", "spec.defaultBackend.resource"),
        ("BackendResourceUnsupported", "spec.rules[0].http.paths[1].backend.resource"),
    ]
