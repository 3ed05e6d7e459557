from __future__ import annotations

import pytest
from support.objects import endpoint, endpoint_slice, meta, service

from ingressd.compiler.services.upstream import CompiledUpstream, ServiceObjects, compile_upstream
from ingressd.compiler.settings import BackendOverride, CompilerSettings
from ingressd.resources.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from ingressd.resources.finding import Severity
from ingressd.resources.service import (
    ClientIPConfig,
    Service,
    ServicePort,
    SessionAffinityConfig,
)
from ingressd.routing.model import Backend, Endpoint
from ingressd.routing.policy import UpstreamPolicy

WEB = Backend("default", "web", "80")


def compiled(
    service: Service | None,
    *rest: object,
    backend: Backend = WEB,
    **flags: object,
) -> CompiledUpstream:
    slices = tuple(entry for entry in rest if not isinstance(entry, Endpoints))
    endpoints = next((entry for entry in rest if isinstance(entry, Endpoints)), None)
    objects = ServiceObjects(service, slices, endpoints)  # type: ignore[arg-type]
    return compile_upstream(backend, objects, CompilerSettings(**flags))  # type: ignore[arg-type]


def addresses(result: CompiledUpstream) -> list[str]:
    return [str(endpoint) for endpoint in result.upstream.endpoints]


def hand_written(*ready: str, unready: tuple[str, ...] = (), port: int = 9376) -> Endpoints:
    subset = EndpointSubset(
        tuple(map(EndpointAddress, ready)),
        tuple(map(EndpointAddress, unready)),
        (EndpointPort(port, "http"),),
    )
    return Endpoints(metadata=meta("web"), subsets=(subset,))


def test_slices_are_merged_sorted_and_without_duplicates() -> None:
    result = compiled(
        service("web"),
        endpoint_slice("web", "10.0.0.2", "10.0.0.1", name="a"),
        endpoint_slice("web", "10.0.0.1", "10.0.0.3", name="b"),
    )
    assert addresses(result) == ["10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080"]
    assert result.problem is None


def test_slices_beat_endpoints() -> None:
    result = compiled(service("web"), endpoint_slice("web", "10.0.0.1"), hand_written("10.9.9.9"))
    assert addresses(result) == ["10.0.0.1:8080"]


def test_hand_written_endpoints_serve_where_there_are_no_slices() -> None:
    assert addresses(compiled(service("web"), hand_written("192.0.2.1"))) == ["192.0.2.1:9376"]


def test_named_target_port_may_differ_from_slice_to_slice() -> None:
    result = compiled(
        service("web", ServicePort(80, "http", target_port="web")),
        endpoint_slice("web", "10.0.0.1", name="a", ports=[EndpointPort(3000, "http")]),
        endpoint_slice("web", "10.0.0.2", name="b", ports=[EndpointPort(4000, "http")]),
    )
    assert addresses(result) == ["10.0.0.1:3000", "10.0.0.2:4000"]


def test_only_ready_endpoints_take_requests() -> None:
    pods = (
        endpoint("10.0.0.1"),
        endpoint("10.0.0.2", ready=True),
        endpoint("10.0.0.3", ready=False),
        endpoint("10.0.0.4", ready=False, serving=True, terminating=True),
    )
    result = compiled(service("web"), endpoint_slice("web", *pods))
    assert addresses(result) == ["10.0.0.1:8080", "10.0.0.2:8080"]


def test_draining_endpoints_serve_where_none_is_ready() -> None:
    pods = (
        endpoint("10.0.0.3", ready=False),
        endpoint("10.0.0.4", ready=False, serving=True, terminating=True),
        endpoint("10.0.0.5", ready=False, serving=False, terminating=True),
    )
    assert addresses(compiled(service("web"), endpoint_slice("web", *pods))) == ["10.0.0.4:8080"]


@pytest.mark.parametrize(
    "source",
    [endpoint_slice("web", endpoint("10.0.0.1", ready=False)), hand_written(unready=("10.0.0.1",))],
)
def test_publish_not_ready_addresses(source: object) -> None:
    assert compiled(service("web"), source).upstream.endpoints == ()
    published = service("web", publish_not_ready_addresses=True)
    assert len(compiled(published, source).upstream.endpoints) == 1


@pytest.mark.parametrize(
    ("subject", "rest", "port", "code", "text"),
    [
        (None, [], "80", "ServiceMissing", "Service default/web does not exist"),
        (
            service("web", ServicePort(80, "http"), ServicePort(8080, "admin")),
            [],
            "htpp",
            "ServicePortMissing",
            "Service default/web has no port named 'htpp'; it has http (80), admin (8080)",
        ),
        (
            service("web"),
            [],
            "81",
            "ServicePortMissing",
            "Service default/web has no port 81; it has http (80)",
        ),
        (
            service("web", ServicePort(53, "dns", "UDP")),
            [],
            "53",
            "ServicePortUnusable",
            "Service default/web has port 53 only as UDP",
        ),
        (
            service("web"),
            [],
            "80",
            "ServiceWithoutEndpoints",
            "Service default/web has no endpoints",
        ),
        (
            service("web"),
            [hand_written(unready=("10.0.0.1", "10.0.0.2"))],
            "80",
            "ServiceWithoutEndpoints",
            "Service default/web has no ready endpoints: 2 are not ready",
        ),
        (
            service("web"),
            [endpoint_slice("web", "10.0.0.1", ports=[EndpointPort(80, "metrics")])],
            "80",
            "ServicePortUnmatched",
            "Service default/web has no usable endpoints: 1 address has no TCP port named 'http'",
        ),
    ],
)
def test_why_there_is_no_endpoint(
    subject: Service | None, rest: list[object], port: str, code: str, text: str
) -> None:
    result = compiled(subject, *rest, backend=Backend("default", "web", port))
    assert (result.upstream.endpoints, result.upstream.unavailable) == ((), text)
    assert result.problem is not None
    assert result.problem.code == code
    assert result.problem.message.startswith(text)


def test_hostile_addresses_are_dropped_and_reported_at_their_object() -> None:
    result = compiled(
        service("web"), endpoint_slice("web", "169.254.169.254", "10.0.0.1", "224.0.0.1")
    )
    assert addresses(result) == ["10.0.0.1:8080"]
    assert [(str(f.subject), f.field) for f in result.findings] == [
        ("EndpointSlice default/web-abc", "endpoints[0].addresses"),
        ("EndpointSlice default/web-abc", "endpoints[2].addresses"),
    ]


def test_local_addresses_serve_where_allowed() -> None:
    result = compiled(service("web"), endpoint_slice("web", "127.0.0.1"), local_addresses=True)
    assert addresses(result) == ["127.0.0.1:8080"]


def test_slice_of_names_is_ignored_and_reported() -> None:
    result = compiled(service("web"), endpoint_slice("web", "pod.example.com", address_type="FQDN"))
    assert result.upstream.endpoints == ()
    assert [f.code for f in result.findings] == ["EndpointSliceIgnored"]


def external(name: str, *ports: ServicePort) -> Service:
    return Service(
        metadata=meta("web"),
        spec=service("web", *ports, type="ExternalName", external_name=name).spec,
    )


def test_external_name_is_resolved_later_with_the_port_of_the_ingress() -> None:
    result = compiled(external("API.example.com."), backend=Backend("default", "web", "8443"))
    assert addresses(result) == ["api.example.com:8443"]
    assert result.upstream.external


@pytest.mark.parametrize(
    ("subject", "port", "flags", "code"),
    [
        (external("localhost"), "80", {}, "ExternalNameRefused"),
        (external("127.0.0.1"), "80", {}, "ExternalNameRefused"),
        (external("bad name"), "80", {}, "ExternalNameRefused"),
        (external("api.example.com"), "80", {"external_names": False}, "ExternalNameRefused"),
        (external("api.example.com"), "https", {}, "ServicePortMissing"),
    ],
)
def test_external_name_refused(
    subject: Service, port: str, flags: dict[str, object], code: str
) -> None:
    result = compiled(subject, backend=Backend("default", "web", port), **flags)
    assert result.upstream.endpoints == ()
    assert result.problem is not None
    assert result.problem.code == code


def test_client_ip_affinity_with_and_without_timeout() -> None:
    sticky = service("web", session_affinity="ClientIP")
    timed = service(
        "web",
        session_affinity="ClientIP",
        session_affinity_config=SessionAffinityConfig(ClientIPConfig(60)),
    )
    pods = endpoint_slice("web", "10.0.0.1")
    timeouts = [
        compiled(s, pods).upstream.client_ip_timeout for s in (service("web"), sticky, timed)
    ]
    assert timeouts == [0, 10800, 60]


@pytest.mark.parametrize("port", ["", "80", "http"])
def test_override_wins_over_everything(port: str) -> None:
    override = BackendOverride("default", "web", port, "127.0.0.1", 3000)
    result = compiled(service("web"), endpoint_slice("web", "10.0.0.1"), overrides=(override,))
    assert addresses(result) == ["127.0.0.1:3000"]
    assert not result.upstream.external


def test_override_needs_no_service_and_may_be_several_names() -> None:
    overrides = tuple(
        BackendOverride("default", "web", "80", host, 3000) for host in ("localhost", "10.0.0.1")
    )
    result = compiled(None, overrides=overrides)
    assert result.upstream.endpoints == (Endpoint("10.0.0.1", 3000), Endpoint("localhost", 3000))
    assert result.upstream.external


def test_override_of_another_port_does_not_count() -> None:
    override = BackendOverride("default", "web", "81", "127.0.0.1", 3000)
    assert compiled(None, overrides=(override,)).upstream.endpoints == ()


@pytest.mark.parametrize(
    ("spec", "timeout", "field"),
    [
        ({"session_affinity": "clientip"}, 0, "spec.sessionAffinity"),
        (
            {
                "session_affinity": "ClientIP",
                "session_affinity_config": SessionAffinityConfig(ClientIPConfig(-5)),
            },
            10800,
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
        ),
    ],
)
def test_session_affinity_that_cannot_be_meant_is_told(
    spec: dict[str, object], timeout: int, field: str
) -> None:
    result = compiled(service("web", **spec), endpoint_slice("web", "10.0.0.1"))  # type: ignore[arg-type]
    assert result.upstream.client_ip_timeout == timeout
    assert [(told.code, told.field) for told in result.findings] == [("ServiceInvalid", field)]


def test_remedy_of_an_external_name_that_is_none_is_to_write_one() -> None:
    result = compiled(service("web", type="ExternalName", external_name="https://example.com/"))
    assert result.problem is not None
    assert result.problem.remedy == "write a DNS name without scheme, port and path"


def test_files_hold_no_pods_and_that_is_no_fault_of_the_service() -> None:
    selecting = service("web", selector={"app": "web"})
    found = compiled(selecting, from_files=True).problem
    assert found is not None
    assert (found.code, found.severity) == ("ServiceWithoutEndpoints", Severity.INFO)
    assert "`--backend web=127.0.0.1:3000`" in found.remedy
    elsewhere = service("web", namespace="shop", selector={"app": "web"})
    found = compiled(elsewhere, backend=Backend("shop", "web", "80"), from_files=True).problem
    assert found is not None
    assert "`--backend shop/web=127.0.0.1:3000`" in found.remedy


@pytest.mark.parametrize(
    ("subject", "rest", "from_files"),
    [
        (service("web", selector={"app": "web"}), (), False),
        (service("web"), (), True),
        (service("web", selector={"app": "web"}), (hand_written(unready=("10.0.0.1",)),), True),
    ],
)
def test_elsewhere_it_is_a_warning(
    subject: Service, rest: tuple[Endpoints, ...], from_files: bool
) -> None:
    found = compiled(subject, *rest, from_files=from_files).problem
    assert found is not None
    assert (found.code, found.severity) == ("ServiceWithoutEndpoints", Severity.WARNING)


def test_an_upstream_says_which_overrides_it_follows() -> None:
    followed = BackendOverride("default", "web", "http", "127.0.0.1", 3000)
    other = BackendOverride("default", "api", "", "127.0.0.1", 3000)
    assert compiled(service("web"), overrides=(followed, other)).overrides == (followed,)


def sent_to_cluster_ip(service: Service | None, **flags: object) -> CompiledUpstream:
    objects = ServiceObjects(service, (endpoint_slice("web", "10.0.0.1"),))
    policy = UpstreamPolicy(service_upstream=True)
    return compile_upstream(WEB, objects, CompilerSettings(**flags), policy)  # type: ignore[arg-type]


def test_the_cluster_ip_stands_for_the_endpoints_where_it_is_asked_for() -> None:
    result = sent_to_cluster_ip(
        service("web", ServicePort(80, "http", target_port=8080), cluster_ip="10.96.0.1")
    )
    assert addresses(result) == ["10.96.0.1:80"]
    assert result.upstream.policy == UpstreamPolicy(service_upstream=True)
    assert result.problem is None
    assert addresses(sent_to_cluster_ip(service("web", cluster_ip="fd00::1"))) == ["[fd00::1]:80"]


@pytest.mark.parametrize(
    ("cluster_ip", "why"),
    [("None", "is headless"), ("", "has none here"), ("127.0.0.1", "has '127.0.0.1'")],
)
def test_without_a_cluster_ip_the_endpoints_get_the_requests(cluster_ip: str, why: str) -> None:
    result = sent_to_cluster_ip(service("web", cluster_ip=cluster_ip))
    assert addresses(result) == ["10.0.0.1:8080"]
    assert result.problem is not None
    assert (result.problem.code, result.problem.severity) == ("ClusterIpMissing", Severity.ERROR)
    assert why in result.problem.message


def test_what_has_no_cluster_ip_by_nature_is_as_it_is_without() -> None:
    named = sent_to_cluster_ip(service("web", type="ExternalName", external_name="x.example.com"))
    assert (addresses(named), named.problem) == (["x.example.com:80"], None)
    missing = sent_to_cluster_ip(None)
    assert missing.problem is not None
    assert missing.problem.code == "ServiceMissing"


def test_an_override_beats_the_cluster_ip() -> None:
    override = BackendOverride("default", "web", "", "127.0.0.1", 3000)
    found = service("web", cluster_ip="10.96.0.1")
    assert addresses(sent_to_cluster_ip(found, overrides=(override,))) == ["127.0.0.1:3000"]
