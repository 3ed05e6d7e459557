"""Each test is a transcript: what the ConfigMap says, and what that changes for workers."""

from __future__ import annotations

from support.objects import all_of, endpoint_slice, ingress, meta, rule, service
from support.routes import certificate

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import (
    DEFAULT_GLOBAL_POLICY,
    ClientAddress,
    GlobalPolicy,
    Limits,
)
from ingressd.routing.policy import Timeouts
from ingressd.sources.events import Added, Deleted, Modified, Reported

FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
WEB = ingress("web", rule("a.example.com", "/"))
OWN = ingress("own", rule("b.example.com", "/"), annotations={"proxy-read-timeout": "7"})
BEHIND = (service("web"), endpoint_slice("web", "10.0.0.1"))


def settings(**keys: str) -> ConfigMap:
    data = {name.replace("_", "-"): text for name, text in keys.items()}
    return ConfigMap(metadata=meta("settings"), data=data)


def serving(*resources: Resource, **flags: object) -> Controller:
    compiler = CompilerSettings(configmap="default/settings", **flags)  # type: ignore[arg-type]
    made = Controller(compiler, fallback_certificate=FALLBACK, now=lambda: 0.0)
    made.apply(all_of(*resources))
    return made


def change(made: Controller, configmap: ConfigMap) -> Delta:
    delta = made.apply([Modified(configmap)])
    assert delta is not None
    return delta


def codes(made: Controller) -> list[str]:
    return [found.code for found in made.findings]


def test_a_global_policy_travels_alone() -> None:
    made = serving(WEB, *BEHIND, settings(keep_alive="5"))
    assert made.table.global_policy == GlobalPolicy(Limits(keep_alive=5.0))
    delta = change(made, settings(keep_alive="6"))
    assert delta == Delta(2, global_policy=GlobalPolicy(Limits(keep_alive=6.0)))
    assert made.table.apply(made.full()) == made.table


def test_defaults_of_annotations_reach_the_routes_that_have_none() -> None:
    made = serving(WEB, OWN, *BEHIND, settings())
    delta = change(made, settings(proxy_read_timeout="5", proxy_body_size="2m"))
    policies = {host.name: host.routes[0].policy for host in delta.hosts}
    assert {name: policy.timeouts for name, policy in policies.items()} == {
        "a.example.com": Timeouts(read=5.0, tunnel=5.0),
        "b.example.com": Timeouts(read=7.0, tunnel=7.0),
    }
    assert {policy.body_limit for policy in policies.values()} == {2 << 20}
    assert delta.global_policy is not None
    assert delta.global_policy.unmatched == policies["a.example.com"], "of what no route takes"
    again = change(made, settings(proxy_read_timeout="6", proxy_body_size="2m"))
    assert [host.name for host in again.hosts] == ["a.example.com"], "the other one says itself"


def test_what_changes_nothing_reaches_nobody() -> None:
    made = serving(WEB, *BEHIND, settings(keep_alive="5"))
    assert made.apply([Modified(settings(keep_alive="5", keep_alive_requests="1000"))]) is None
    assert made.apply([Added(ConfigMap(metadata=meta("other"), data={"keep-alive": "1"}))]) is None


def test_without_it_defaults_hold_and_it_may_come_later() -> None:
    made = serving(WEB, *BEHIND)
    assert codes(made) == ["ConfigMapMissing"]
    assert made.apply([Added(settings(keep_alive="5"))]) is not None
    assert codes(made) == []
    delta = made.apply([Deleted(settings().key)])
    assert delta == Delta(3, global_policy=DEFAULT_GLOBAL_POLICY)
    assert codes(made) == ["ConfigMapMissing"]


def test_flags_hold_where_no_key_says_otherwise() -> None:
    flags = GlobalPolicy(client_address=ClientAddress(proxy_protocol=True))
    made = serving(WEB, *BEHIND, settings(), global_policy=flags)
    assert made.table.global_policy == flags
    delta = change(made, settings(use_proxy_protocol="false"))
    assert delta.global_policy == DEFAULT_GLOBAL_POLICY


def test_a_protection_that_cannot_be_given_closes_everything_and_opens_it_again() -> None:
    lost = (service("lost"), endpoint_slice("lost", "10.0.0.2"))
    bare = ingress("bare", rule("c.example.com"))
    flags = {"default_backend_service": "default/lost"}
    made = serving(WEB, bare, *BEHIND, *lost, settings(), **flags)
    before = made.table.hosts
    assert all(host.fallback.backend for host in before.values() if host.fallback)
    change(made, settings(http_snippet="deny all;"))
    for host in made.table.hosts.values():
        fallback = [host.fallback] if host.fallback is not None else []
        assert [route.backend for route in (*host.routes, *fallback)] == [None] * (
            len(host.routes) + len(fallback)
        )
    assert made.table.hosts.keys() == before.keys()
    change(made, settings())
    assert made.table.hosts == before


def test_one_that_cannot_be_read_closes_everything_until_it_can_or_goes() -> None:
    key = settings().key
    fault = Finding(
        Severity.ERROR, "InvalidField", key, "data[a]", "is a number", "put it in quotes"
    )
    bad, good = Reported("settings.yaml", (fault,)), Reported("settings.yaml", ())
    made = serving(WEB, *BEHIND, settings())
    before = made.table.hosts
    assert made.apply([bad]) is None, "the last version that could be read holds"
    made.apply([Deleted(key)])
    assert [route.backend for route in made.table.hosts["a.example.com"].routes] == [None]
    assert sorted(codes(made)) == ["ConfigMapUnreadable", "InvalidField"]
    made.apply([good])
    assert (made.table.hosts, codes(made)) == (before, ["ConfigMapMissing"])
    made.apply([bad])
    assert made.table.hosts["a.example.com"].routes[0].policy.is_closed
    made.apply([good, Added(settings())])
    assert (made.table.hosts, codes(made)) == (before, [])


def test_a_file_that_may_hold_it_closes_everything_where_there_is_no_other_one() -> None:
    file = ObjectKey("File", "", "settings.yaml")
    broken = Reported(
        "settings.yaml",
        (Finding(Severity.ERROR, "InvalidDocument", file, "", "is none", "repair"),),
    )
    made = serving(WEB, *BEHIND)
    made.apply([broken])
    assert made.table.hosts["a.example.com"].routes[0].policy.is_closed
    assert sorted(codes(made)) == ["ConfigMapUnreadable", "InvalidDocument"]
    made.apply([Added(settings())])
    assert not made.table.hosts["a.example.com"].routes[0].policy.is_closed
    unnamed = Controller(CompilerSettings(), fallback_certificate=FALLBACK, now=lambda: 0.0)
    unnamed.apply([*all_of(WEB, *BEHIND), broken])
    assert not unnamed.table.hosts["a.example.com"].routes[0].policy.is_closed


def test_a_new_source_begins_with_its_own_configmap() -> None:
    made = serving(WEB, *BEHIND, settings(keep_alive="5"))
    made.begin_again()
    delta = made.apply(all_of(WEB, *BEHIND, settings(keep_alive="6")))
    assert delta == Delta(2, global_policy=GlobalPolicy(Limits(keep_alive=6.0)))


def test_a_configmap_that_it_names_is_followed() -> None:
    def fields(value: str) -> ConfigMap:
        return ConfigMap(metadata=meta("fields"), data={"X-A": value})

    made = serving(WEB, *BEHIND, settings(add_headers="default/fields"), fields("1"))
    assert made.table.global_policy.answer_fields == (("X-A", "1"),)
    assert change(made, fields("2")) == Delta(
        2, global_policy=GlobalPolicy(answer_fields=(("X-A", "2"),))
    )
    made.apply([Deleted(fields("").key)])
    assert made.table.global_policy.answer_fields == ()
    assert codes(made) == ["ConfigMapKeyInvalid"]
    made.apply([Modified(settings())])
    assert made.apply([Added(fields("3"))]) is None, "nobody names it any more"


def test_what_holds_for_all_reaches_paths_that_no_route_takes() -> None:
    bare = ingress("bare", rule("a.example.com"))
    made = serving(bare, *BEHIND, settings(), default_backend_service="default/web")
    delta = change(made, settings(whitelist_source_range="10.0.0.0/8"))
    assert delta.global_policy is not None
    assert delta.global_policy.unmatched.access.allow == ("10.0.0.0/8",)
    policies = {host.name: host.fallback and host.fallback.policy for host in delta.hosts}
    assert policies == {"a.example.com": delta.global_policy.unmatched}
