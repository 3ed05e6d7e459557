"""From compiled units to what workers lack."""

from __future__ import annotations

from support.objects import endpoint_slice, ingress, rule, service
from support.routes import certificate
from support.stores import filled, touched

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.changes import delta_from
from ingressd.controller.store import Dirty
from ingressd.controller.units import Refreshed, Units
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY, GlobalPolicy
from ingressd.routing.table import Table
from ingressd.sources.events import Added, Deleted, Modified

FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
WEB = ingress("web", rule("a.test", "/"))
OTHER = ingress("web", rule("b.test", "/"))
STORE = (WEB, service("web"), endpoint_slice("web", "10.0.0.1"))


class Compiled:
    """Units over a store, and the table that workers would have."""

    def __init__(self) -> None:
        self.store = filled(*STORE)
        self.units = Units(self.store, CompilerSettings(), FALLBACK)
        self.table = Table.empty()
        dirty = Dirty(ingresses={WEB.key}, services={"default/web"})
        self.first = self.units.refresh(dirty, with_defaults=True)
        self.first.fingerprints.add("fallback")

    def delta(self, refreshed: Refreshed) -> Delta:
        return delta_from(self.table, self.units, refreshed)

    def publish(self) -> None:
        self.table = self.table.apply(self.delta(self.first))


def test_to_nothing_everything_is_added() -> None:
    delta = Compiled().delta(Compiled().first)
    assert [host.name for host in delta.hosts] == ["a.test"]
    assert [upstream.key for upstream in delta.upstreams] == ["default/web:80"]
    assert delta.certificates == (FALLBACK,)
    assert delta.default_certificate == "fallback"
    assert (delta.generation, delta.reset) == (1, False)


def test_what_is_as_workers_have_it_does_not_travel() -> None:
    compiled = Compiled()
    compiled.publish()
    delta = compiled.delta(compiled.first)
    assert delta == Delta(2)
    assert delta.is_empty


def test_only_what_was_compiled_again_can_travel() -> None:
    compiled = Compiled()
    assert compiled.delta(Refreshed()).hosts == ()
    delta = compiled.delta(Refreshed(hosts={"a.test"}))
    assert (len(delta.hosts), delta.upstreams) == (1, ())


def test_what_is_gone_is_dropped_where_workers_have_it() -> None:
    compiled = Compiled()
    compiled.publish()
    touched(compiled.store, Deleted(WEB.key))
    refreshed = compiled.units.refresh(Dirty(ingresses={WEB.key}))
    refreshed.hosts.add("unknown.test")
    assert compiled.delta(refreshed) == Delta(
        2, removed_hosts=("a.test",), removed_upstreams=("default/web:80",)
    )


def test_a_host_may_go_as_another_comes() -> None:
    compiled = Compiled()
    compiled.publish()
    dirty = touched(compiled.store, Modified(OTHER), Added(service("new")))
    delta = compiled.delta(compiled.units.refresh(dirty))
    assert [host.name for host in delta.hosts] == ["b.test"]
    assert delta.removed_hosts == ("a.test",)
    assert (delta.upstreams, delta.removed_upstreams) == ((), ())


def test_a_global_policy_travels_where_workers_have_another() -> None:
    compiled = Compiled()
    assert compiled.delta(Refreshed()).global_policy is None
    other = GlobalPolicy(answer_fields=(("X-A", "1"),))
    compiled.table = compiled.table.apply(Delta(1, reset=True, global_policy=other))
    assert compiled.delta(Refreshed()).global_policy == DEFAULT_GLOBAL_POLICY
