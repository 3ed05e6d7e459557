from __future__ import annotations

from support.objects import (
    endpoint_slice,
    ingress,
    ingress_class,
    meta,
    rule,
    service,
    tls_secret,
)
from support.stores import filled, touched

from ingressd.controller.store import Dirty
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.ingress import Ingress
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap
from ingressd.sources.events import Added, Deleted, Modified, Reported

WEB = ingress("web", rule("a.example.com", "/"))


def test_ingress_touches_itself() -> None:
    store = filled()
    assert touched(store, Added(WEB)) == Dirty(ingresses={WEB.key})
    assert store.find(WEB.key, Ingress) == WEB
    assert touched(store, Deleted(WEB.key)) == Dirty(ingresses={WEB.key})
    assert store.find(WEB.key, Ingress) is None


def test_object_that_did_not_change_touches_nothing() -> None:
    assert touched(filled(WEB), Modified(WEB)) == Dirty()
    assert touched(filled(), Deleted(WEB.key)) == Dirty()
    settings = ConfigMap(metadata=meta("settings"))
    assert touched(filled(settings), Modified(settings)) == Dirty()


def test_secrets_and_configmaps_touch_themselves() -> None:
    settings = ConfigMap(metadata=meta("settings"))
    assert touched(filled(), Added(settings)) == Dirty(configmaps={"default/settings"})
    assert touched(filled(settings), Deleted(settings.key)).configmaps == {"default/settings"}
    secret = tls_secret("cert", b"", b"")
    assert touched(filled(), Added(secret)) == Dirty(secrets={"default/cert"})


def test_service_and_what_is_behind_it_touch_the_service() -> None:
    store = filled()
    entry = endpoint_slice("web", "10.0.0.1")
    assert touched(store, Added(service("web"))) == Dirty(services={"default/web"})
    assert touched(store, Added(entry)) == Dirty(services={"default/web"})
    assert store.service_objects("default/web").slices == (entry,)
    assert touched(store, Deleted(entry.key)) == Dirty(services={"default/web"})
    assert store.service_objects("default/web").slices == ()


def test_slice_that_changes_its_service_touches_both() -> None:
    store = filled(endpoint_slice("old", "10.0.0.1", name="s"))
    dirty = touched(store, Modified(endpoint_slice("new", "10.0.0.1", name="s")))
    assert dirty.services == {"default/old", "default/new"}


def test_secret_touches_itself() -> None:
    assert touched(filled(), Added(tls_secret("cert", b"", b""))).secrets == {"default/cert"}


def test_class_touches_its_ingresses_and_as_default_those_without_class() -> None:
    named = ingress("named", ingress_class="own")
    classless = ingress("classless", ingress_class=None)
    store = filled(named, classless, WEB)
    plain = ingress_class("own", "x")
    default = ingress_class("own", "x", is_default=True)
    assert touched(store, Added(plain)).ingresses == {named.key}
    assert touched(store, Modified(default)).ingresses == {named.key, classless.key}
    assert touched(store, Deleted(default.key)).ingresses == {named.key, classless.key}
    assert store.classes == {}


def test_origin_is_where_the_object_was_read() -> None:
    store = filled()
    touched(store, Added(WEB, "shop.yaml, document 2"))
    assert store.origin(WEB.key) == "shop.yaml, document 2"
    assert store.origin(service("web").key) == ""


def test_report_replaces_the_former_one_of_its_unit() -> None:
    def finding(code: str) -> Finding:
        return Finding(Severity.ERROR, code, ObjectKey("File", "", "a.yaml"), "", "m", "r")

    store = filled()
    touched(store, Reported("a.yaml", (finding("A"),)), Reported("b.yaml", (finding("B"),)))
    touched(store, Reported("a.yaml", ()))
    assert [entry.code for entry in store.reported] == ["B"]
