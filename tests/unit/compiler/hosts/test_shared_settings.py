from __future__ import annotations

from msgspec import structs
from support.objects import PREFIX, ingress, path, rule

from ingressd.compiler.annotations.row import Setting
from ingressd.compiler.hosts.shared_settings import (
    UNGOVERNED,
    MergedHost,
    govern_upstream,
    merge_host,
    sets_upstream,
)
from ingressd.compiler.ingresses.claims import Claim, CompiledIngress
from ingressd.compiler.ingresses.ingress import compile_ingress
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Severity
from ingressd.routing.policy import ClientCertificates, HostPolicy, UpstreamPolicy

CIPHERS = Setting("host.ciphers", f"{PREFIX}/ssl-ciphers")
SECRET = Setting("host.client_certificates", f"{PREFIX}/auth-tls-secret")
DEPTH = Setting("host.client_certificates.depth", f"{PREFIX}/auth-tls-verify-depth")


def compiled(name: str, year: int = 2026, **annotations: str) -> CompiledIngress:
    named = {key.replace("_", "-"): text for key, text in annotations.items()}
    made = ingress(
        name,
        rule("a.test", path("/", to="web:80")),
        created=f"{year}-01-01T00:00:00Z",
        annotations=named,
    )
    return compile_ingress(made, {}, CompilerSettings())


def claim(name: str, policy: HostPolicy, *settings: Setting) -> Claim:
    made = compiled(name).claims["a.test"]
    return structs.replace(made, host_policy=policy, settings=settings)


def test_without_a_setting_there_is_nothing_to_merge() -> None:
    assert merge_host([], "host a.test") == MergedHost()
    base = HostPolicy(ciphers="of the ConfigMap")
    assert merge_host([claim("a", base), claim("b", base)], "host a.test").policy == base


def test_each_field_is_that_of_the_oldest_who_sets_it() -> None:
    first = claim("first", HostPolicy(app_root="/of-first"), Setting("host.app_root", "root"))
    second = claim("second", HostPolicy(app_root="/x", ciphers="A"), CIPHERS)
    merged = merge_host([first, second], "host a.test")
    assert merged.policy == HostPolicy(app_root="/of-first", ciphers="A")
    assert merged.findings == ()
    assert [winner.ingress for winner, _ in merged.chosen] == ["default/first", "default/second"]


def test_who_is_overridden_is_told_by_whom_at_each_annotation() -> None:
    strict = HostPolicy(client_certificates=ClientCertificates("default/ca"))
    deep = HostPolicy(client_certificates=ClientCertificates("default/ca", depth=3))
    merged = merge_host([claim("old", strict, SECRET), claim("new", deep, SECRET, DEPTH)], "it")
    assert merged.policy == strict
    assert [told.field for told in merged.findings] == [
        f"metadata.annotations[{SECRET.annotation}]",
        f"metadata.annotations[{DEPTH.annotation}]",
    ]
    assert all("default/old" in told.message for told in merged.findings)
    assert {told.severity for told in merged.findings} == {Severity.WARNING}


def test_nobody_passes_by_the_demand_of_another_ingress() -> None:
    passing = Setting("host.passthrough", f"{PREFIX}/ssl-passthrough")
    strict = HostPolicy(client_certificates=ClientCertificates("default/ca"))
    claims = [claim("old", HostPolicy(passthrough=True), passing), claim("new", strict, SECRET)]
    merged = merge_host(claims, "host a.test")
    assert merged.policy == strict
    (told,) = merged.findings
    assert (told.subject.name, told.verdict) == ("old", "overridden")
    assert told.field == f"metadata.annotations[{passing.annotation}]"


def test_the_oldest_ingress_of_a_service_port_decides_even_by_saying_nothing() -> None:
    asking, silent = compiled("asking", service_upstream="true"), compiled("silent", 2025)
    governed = govern_upstream("default/web:80", [asking, silent])
    assert governed.policy == UpstreamPolicy()
    (told,) = governed.findings
    assert (told.subject.name, told.verdict) == ("asking", "overridden")
    assert "default/silent" in told.message
    assert "default/web:80" in told.message


def test_who_inherits_a_setting_is_told_nothing() -> None:
    asking, silent = compiled("asking", 2025, service_upstream="true"), compiled("silent")
    governed = govern_upstream("default/web:80", [silent, asking])
    assert governed.policy == UpstreamPolicy(service_upstream=True)
    assert governed.findings == ()


def test_what_nobody_refers_to_has_no_settings() -> None:
    assert govern_upstream("default/web:80", []) is UNGOVERNED


def test_only_some_settings_are_about_service_ports() -> None:
    assert sets_upstream(compiled("a", service_upstream="false").settings)
    assert not sets_upstream(compiled("a", server_alias="b.test", ssl_redirect="true").settings)


def test_half_a_canary_gives_way_however_old_it_is() -> None:
    half = compiled("half", year=2020, canary_weight="5", load_balance="ewma")
    main = compiled("main", upstream_hash_by="$uri")
    assert govern_upstream("default/web:80", [half, main]).policy == UpstreamPolicy(hash_by="$uri")
