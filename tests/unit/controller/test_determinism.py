"""Whatever the order and the way in which objects come, the same objects give the same table."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from support.certificates import CertificateAuthority
from support.objects import (
    all_of,
    endpoint,
    endpoint_slice,
    ingress,
    ingress_class,
    meta,
    path,
    rule,
    service,
    tls_secret,
)
from support.routes import certificate
from support.rows import HARMLESS, PROTECTIVE, referring_rows

from ingressd.compiler.settings import DEFAULT_CONTROLLER_CLASS, CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import Ingress, IngressTLS
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret
from ingressd.resources.service import ServicePort
from ingressd.routing.table import Table
from ingressd.sources.events import Added, Deleted, Event, Modified

AUTHORITY = CertificateAuthority()
PAIRS = [AUTHORITY.leaf("a.example.com"), AUTHORITY.leaf("*.example.com")]
FALLBACK = certificate("ingress.local", fingerprint="fallback", secret="")
NOW = PAIRS[0].not_after - 60
FLAGS = CompilerSettings(
    default_backend_service="default/web", default_ssl_certificate="default/c0"
)

names = st.sampled_from(["x", "y", "z"])
hosts = st.sampled_from(["", "a.example.com", "b.example.com", "*.example.com", "bad host"])
backends = st.sampled_from(["web:80", "web:http", "api:80", "gone:80"])
paths = st.builds(
    path,
    st.sampled_from(["/", "/foo", "/foo/", "/foo/bar", "/(.*)", "/[", "relative"]),
    st.sampled_from(["Exact", "Prefix", "ImplementationSpecific", None]),
    backends,
)
rules = st.builds(lambda host, entries: rule(host, *entries), hosts, st.lists(paths, max_size=3))
tls = st.builds(
    IngressTLS,
    st.lists(hosts.filter(bool), max_size=2).map(tuple),
    st.sampled_from(["", "c0", "c1", "c2", "x/c0"]),
)
annotations = st.dictionaries(
    st.sampled_from(["use-regex", "rewrite-target", "affinity", "auth-url", "ssl-redirect"]),
    st.sampled_from(["true", "/", "/$1", "cookie"]),
    max_size=2,
)
shared = st.fixed_dictionaries(
    {},
    optional={
        "server-alias": st.sampled_from(["b.example.com", "c.example.com,d.other.test"]),
        "service-upstream": st.sampled_from(["true", "false"]),
        "canary": st.sampled_from(["true", "false"]),
        "canary-weight": st.just("20"),
        "default-backend": st.sampled_from(["api", "gone"]),
        PROTECTIVE.name: st.sampled_from(["c0", "c1", "default/ca", "other/ca"]),
        HARMLESS.name: st.sampled_from(["settings", "absent"]),
    },
)
"""Annotations that concern others, or name objects."""


@st.composite
def ingresses(draw: st.DrawFn) -> Ingress:
    return ingress(
        draw(names),
        *draw(st.lists(rules, max_size=2)),
        default=draw(st.just("") | backends),
        tls=draw(st.lists(tls, max_size=2)),
        created=draw(st.sampled_from([None, "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"])),
        ingress_class=draw(st.sampled_from(["ingressd", "own", None])),
        annotations=draw(annotations) | draw(shared),
    )


services = st.builds(
    lambda name, number: service(name, ServicePort(number, "http"), cluster_ip="10.96.0.1"),
    st.sampled_from(["web", "api"]),
    st.sampled_from([80, 81]),
)
slices = st.builds(
    lambda name, owner, address, ready: endpoint_slice(
        owner, endpoint(address, ready=ready), name=name
    ),
    names,
    st.sampled_from(["web", "api"]),
    st.sampled_from(["10.0.0.1", "10.0.0.2", "127.0.0.1"]),
    st.booleans(),
)
secrets = st.builds(
    lambda number, pair: tls_secret(f"c{number}", pair.chain, pair.private_key),
    st.integers(0, 2),
    st.sampled_from(PAIRS),
)
classes = st.builds(
    lambda controller, is_default: ingress_class("own", controller, is_default=is_default),
    st.sampled_from([DEFAULT_CONTROLLER_CLASS, "example.com/other"]),
    st.booleans(),
)
authorities = st.builds(
    lambda data: Secret(metadata=meta("ca"), data=data),
    st.sampled_from([{"ca.crt": PAIRS[0].chain}, {"ca.crt": PAIRS[1].chain, "x": b"y"}, {}]),
)
configmaps = st.builds(
    lambda data: ConfigMap(metadata=meta("settings"), data=data),
    st.sampled_from([{"ciphers": "A"}, {"ciphers": "B"}, {}]),
)
resources: st.SearchStrategy[Resource] = st.one_of(
    ingresses(), services, slices, secrets, classes, authorities, configmaps
)
START: list[Resource] = [
    ingress("x", rule("a.example.com", "/", path("/foo", to="api:80")), default="web:http"),
    ingress("y", rule("a.example.com", "/foo"), tls=[IngressTLS(("a.example.com",), "c1")]),
    ingress("z", rule("d.example.com", "/"), annotations={"server-alias": "c.example.com"}),
    service("web"),
    service("api"),
    endpoint_slice("web", "10.0.0.1", name="x"),
    endpoint_slice("api", "10.0.0.2", name="y"),
    tls_secret("c1", PAIRS[0].chain, PAIRS[0].private_key),
]
"""Most changes of these matter to something."""

deletions = st.sampled_from(
    [
        *(ObjectKey("Ingress", "default", name) for name in "xyz"),
        *(ObjectKey("EndpointSlice", "default", name) for name in "xyz"),
        ObjectKey("Service", "default", "web"),
        ObjectKey("Secret", "default", "c0"),
        ObjectKey("Secret", "default", "ca"),
        ObjectKey("ConfigMap", "default", "settings"),
        ObjectKey("IngressClass", "", "own"),
    ]
)


@pytest.fixture(autouse=True, scope="module")
def _referring() -> Iterator[None]:
    with referring_rows():
        yield


def compiled(controller: Controller) -> tuple[Table, tuple[Finding, ...]]:
    return structs.replace(controller.table, generation=0), controller.findings


def made() -> Controller:
    return Controller(FLAGS, fallback_certificate=FALLBACK, now=lambda: NOW)


def from_scratch(objects: list[Resource]) -> tuple[Table, tuple[Finding, ...]]:
    controller = made()
    controller.apply(all_of(*objects))
    return compiled(controller)


@given(st.lists(resources, max_size=12, unique_by=lambda resource: resource.key), st.randoms())
@settings(max_examples=100, deadline=None)
def test_order_of_objects_never_matters(objects: list[Resource], random: Random) -> None:
    shuffled = list(objects)
    random.shuffle(shuffled)
    assert from_scratch(shuffled) == from_scratch(objects)


@given(st.lists(st.lists(resources | deletions, max_size=4), max_size=8))
@settings(max_examples=150, deadline=None)
def test_changes_come_to_what_a_fresh_start_gives(
    batches: list[list[Resource | ObjectKey]],
) -> None:
    controller = made()
    controller.apply(all_of(*START))
    worker = controller.table
    objects = {resource.key: resource for resource in START}
    for batch in batches:
        delta = controller.apply([taken_in(change, objects) for change in batch])
        worker = worker.apply(delta) if delta is not None else worker
    assert compiled(controller) == from_scratch(list(objects.values()))
    assert worker == controller.table


def taken_in(change: Resource | ObjectKey, objects: dict[ObjectKey, Resource]) -> Event:
    """The event for a change, which is followed in ``objects`` too."""
    if isinstance(change, ObjectKey):
        objects.pop(change, None)
        return Deleted(change)
    event = Modified(change) if change.key in objects else Added(change)
    objects[change.key] = change
    return event
