from __future__ import annotations

import pytest
from support.objects import meta

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.configmap.compiled import (
    CompiledGlobals,
    compile_configmap,
    without_readable_configmap,
)
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Severity
from ingressd.resources.secret import ConfigMap
from ingressd.routing.global_policy import ClientAddress, GlobalPolicy, StrictTransport
from ingressd.routing.policy import TlsRedirect

FLAGS = ClientAddress(proxy_protocol=True, trusted=("10.0.0.0/8",))


def compiled(
    keys: dict[str, str] | None = None, flags: GlobalPolicy | None = None
) -> CompiledGlobals:
    settings = CompilerSettings(configmap="default/settings", global_policy=flags or GlobalPolicy())
    return compile_configmap(ConfigMap(metadata=meta("settings"), data=keys or {}), settings)


def codes(made: CompiledGlobals) -> list[str]:
    return [found.code for found in made.findings]


def test_without_a_configmap_the_flags_hold() -> None:
    policy = GlobalPolicy(client_address=FLAGS)
    assert compile_configmap(None, CompilerSettings(global_policy=policy)) == CompiledGlobals(
        policy
    )


def test_a_missing_one_is_told_and_defaults_hold() -> None:
    made = compile_configmap(None, CompilerSettings(configmap="web/settings"))
    (found,) = made.findings
    assert (found.code, found.severity) == ("ConfigMapMissing", Severity.WARNING)
    assert str(found.subject) == "ConfigMap web/settings"
    assert made == CompiledGlobals(findings=made.findings)


def test_one_that_cannot_be_read_may_ask_for_any_protection() -> None:
    made = without_readable_configmap(CompilerSettings(configmap="web/settings"))
    (found,) = made.findings
    assert (found.code, found.severity) == ("ConfigMapUnreadable", Severity.ERROR)
    own = {"allowlist-source-range": "10.0.0.1", "enable-global-auth": "false"}
    named = {f"nginx.ingress.kubernetes.io/{name}": text for name, text in own.items()}
    assert made.is_blocked
    assert read_annotations(named, "nginx.ingress.kubernetes.io", made.directives).is_blocked


def test_a_key_wins_over_the_flag_and_other_flags_stay() -> None:
    made = compiled({"proxy-real-ip-cidr": "192.0.2.0/24"}, GlobalPolicy(client_address=FLAGS))
    address = made.global_policy.client_address
    assert (address.proxy_protocol, address.trusted) == (True, ("192.0.2.0/24",))
    off = compiled({"use-proxy-protocol": "false"}, GlobalPolicy(client_address=FLAGS))
    assert off.global_policy.client_address == ClientAddress(trusted=("10.0.0.0/8",))


def test_nobody_is_believed_unless_named() -> None:
    made = compiled({"use-forwarded-headers": "true"})
    assert made.global_policy.client_address == ClientAddress(forwarded_headers=True)
    (found,) = made.findings
    assert (found.code, found.severity) == ("NoPeerTrusted", Severity.WARNING)
    assert found.field == "data[use-forwarded-headers]"
    assert not codes(compiled({"use-forwarded-headers": "true", "proxy-real-ip-cidr": "10.0.0.1"}))


def test_a_real_address_needs_somebody_to_tell_it() -> None:
    (found,) = compiled({"enable-real-ip": "true"}).findings
    assert (found.code, found.field) == ("NoPeerTrusted", "data[enable-real-ip]")
    assert not codes(compiled({"enable-real-ip": "true", "proxy-real-ip-cidr": "10.0.0.1"}))
    assert not codes(compiled({"enable-real-ip": "true", "use-proxy-protocol": "true"}))


def test_that_invalid_fields_are_not_ignored_is_true_of_underscores_alone() -> None:
    (found,) = compiled({"ignore-invalid-headers": "false"}).findings
    assert found.code == "ConfigMapKeyUnsupported"
    assert "fields with an underscore in their name are passed on" in found.message


@pytest.mark.parametrize("networks", ["0.0.0.0/0", "10.0.0.0/8,::/0", "192.0.2.1/0"])
def test_everybody_is_believed_with_a_warning(networks: str) -> None:
    made = compiled({"use-forwarded-headers": "true", "proxy-real-ip-cidr": networks})
    assert made.global_policy.client_address.trusted == tuple(networks.split(","))
    assert codes(made) == ["EveryPeerTrusted"]


def test_details_of_hsts_matter_only_with_it() -> None:
    off = compiled({"hsts": "false", "hsts-max-age": "60"})
    assert off.global_policy.strict_transport is None
    flags = GlobalPolicy(strict_transport=None)
    assert compiled({"hsts-max-age": "60"}, flags).global_policy.strict_transport is None
    on = compiled({"hsts": "true", "hsts-max-age": "60"}, flags)
    assert on.global_policy.strict_transport == StrictTransport(max_age=60)


def test_force_wins_over_ssl_redirect() -> None:
    made = compiled({"ssl-redirect": "false", "force-ssl-redirect": "true"})
    assert made.directives.policy.tls_redirect is TlsRedirect.ALWAYS


@pytest.mark.parametrize("key", ["whitelist-source-range", "denylist-source-range"])
def test_blocked_networks_beside_another_list_are_told(key: str) -> None:
    made = compiled({"block-cidrs": "192.0.2.0/24", key: "10.0.0.1"})
    (found,) = made.findings
    assert (found.code, found.severity) == ("ConfigMapKeyNoEffect", Severity.WARNING)
    assert found.field == "data[block-cidrs]"
    alone = compiled({"block-cidrs": "192.0.2.0/24"})
    assert (alone.directives.blocked, codes(alone)) == (("192.0.2.0/24",), [])


def test_what_cannot_be_protected_is_closed() -> None:
    made = compiled({"denylist-source-range": "192.0.2.0/33"})
    assert made.is_blocked
    assert made.directives.lacking == ("denylist-source-range",)
    assert not compiled().is_blocked
