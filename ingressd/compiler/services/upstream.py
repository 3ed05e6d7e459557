"""One Service port, compiled into the upstream that requests are sent to."""

from __future__ import annotations

import re

from msgspec import Struct, structs

from ingressd.compiler.codes import Code, finding, problem
from ingressd.compiler.services.addresses import address_fault
from ingressd.compiler.services.endpoints import Gathered, gather_endpoints
from ingressd.compiler.services.ports import find_service_port, is_tcp, listed
from ingressd.compiler.settings import BackendOverride, CompilerSettings
from ingressd.resources.decoding import DEFAULT_NAMESPACE
from ingressd.resources.endpoints import Endpoints, EndpointSlice
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.service import CLIENT_IP_TIMEOUT_SECONDS, Service, ServicePort
from ingressd.resources.shape import Problem
from ingressd.routing.model import Backend, Endpoint, Upstream
from ingressd.routing.policy import DEFAULT_UPSTREAM_POLICY, UpstreamPolicy

_EXTERNAL_NAME = "ExternalName"
_NAME = re.compile(r"[A-Za-z0-9_]([-A-Za-z0-9_.]{0,251}[A-Za-z0-9_.])?")
_NUMBER = re.compile(r"[0-9]{1,5}")
_MAX_CLIENT_IP_TIMEOUT = 86400  # a day, as the API server has it


class ServiceObjects(Struct, frozen=True):
    """A Service and all that says where it leads."""

    service: Service | None = None
    slices: tuple[EndpointSlice, ...] = ()
    endpoints: Endpoints | None = None


class CompiledUpstream(Struct, frozen=True, gc=False):
    """``problem`` is told at each field that names this backend; ``findings`` are those of the
    objects behind it. ``overrides`` are the flags that it follows."""

    upstream: Upstream
    problem: Problem | None = None
    findings: tuple[Finding, ...] = ()
    overrides: tuple[BackendOverride, ...] = ()


def compile_upstream(
    backend: Backend,
    objects: ServiceObjects,
    settings: CompilerSettings,
    policy: UpstreamPolicy = DEFAULT_UPSTREAM_POLICY,
) -> CompiledUpstream:
    """The endpoints of a backend, or why there is none. ``--backend`` wins over everything."""
    compiled = _resolved(backend, objects, settings, policy)
    if policy == compiled.upstream.policy:
        return compiled
    upstream = structs.replace(compiled.upstream, policy=policy)
    return structs.replace(compiled, upstream=upstream)


def _resolved(
    backend: Backend,
    objects: ServiceObjects,
    settings: CompilerSettings,
    policy: UpstreamPolicy,
) -> CompiledUpstream:
    service = objects.service
    port = find_service_port(service, backend.port) if service is not None else None
    overrides = _overrides(backend, port, settings.overrides)
    if overrides:
        return _overridden(backend, overrides)
    if service is None:
        return _unavailable(backend, Code.SERVICE_MISSING, "does not exist", "create it")
    if service.spec.type == _EXTERNAL_NAME:
        return _external(backend, service, settings)
    if port is None:
        return _without_port(backend, service)
    if not policy.service_upstream:
        return _compiled(backend, port, objects, settings)
    address = service.spec.cluster_ip
    if address_fault(address, allow_local=settings.local_addresses) == "":
        return CompiledUpstream(Upstream(backend.upstream, (Endpoint(address, port.port),)))
    compiled = _compiled(backend, port, objects, settings)
    return structs.replace(compiled, problem=compiled.problem or _without_cluster_ip(service))


def _compiled(
    backend: Backend, port: ServicePort, objects: ServiceObjects, settings: CompilerSettings
) -> CompiledUpstream:
    service = objects.service
    assert service is not None
    gathered = gather_endpoints(
        service, port, objects.slices, objects.endpoints, allow_local=settings.local_addresses
    )
    endpoints = gathered.usable
    if not endpoints and settings.from_files and _waits_for_pods(objects):
        return _without_pods(backend)
    if not endpoints:
        return _without_endpoints(backend, port, gathered)
    timeout, unusable = _client_ip_timeout(service)
    upstream = Upstream(key=backend.upstream, endpoints=endpoints, client_ip_timeout=timeout)
    return CompiledUpstream(upstream, findings=(*gathered.findings, *unusable))


def _overrides(
    backend: Backend, port: ServicePort | None, overrides: tuple[BackendOverride, ...]
) -> tuple[BackendOverride, ...]:
    """The flags for a backend; they may name the port otherwise than the Ingress does."""
    if not overrides:
        return ()
    names = {"", backend.port}
    if port is not None:
        names |= {port.name, str(port.port)}
    return tuple(
        override
        for override in overrides
        if override.namespace == backend.namespace
        and override.service == backend.service
        and override.port in names
    )


def _overridden(backend: Backend, overrides: tuple[BackendOverride, ...]) -> CompiledUpstream:
    chosen = {Endpoint(override.host, override.target_port) for override in overrides}
    upstream = Upstream(
        key=backend.upstream,
        endpoints=tuple(sorted(chosen, key=lambda endpoint: (endpoint.address, endpoint.port))),
        external=any(_is_name(endpoint) for endpoint in chosen),
    )
    return CompiledUpstream(upstream, overrides=overrides)


def _is_name(endpoint: Endpoint) -> bool:
    return address_fault(endpoint.address, allow_local=True) != ""


def _external(backend: Backend, service: Service, settings: CompilerSettings) -> CompiledUpstream:
    """The DNS name of an ExternalName Service, resolved by the data plane."""
    if not settings.external_names:
        return _refused(backend, "is of type ExternalName, which is switched off")
    name = service.spec.external_name.removesuffix(".").lower()
    if not _NAME.fullmatch(name):
        return _refused(
            backend,
            f"has no valid externalName ({name[:80]!r})",
            "write a DNS name without scheme, port and path",
        )
    if not settings.local_addresses and _is_local(name):
        return _refused(backend, f"leads to {name}, which is this machine")
    port = _external_port(backend.port, service)
    if port is None:
        return _unavailable(
            backend,
            Code.SERVICE_PORT_MISSING,
            f"is of type ExternalName and has no port {backend.port!r}",
            "name the port by its number",
        )
    upstream = Upstream(key=backend.upstream, endpoints=(Endpoint(name, port),), external=True)
    return CompiledUpstream(upstream)


def _is_local(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    fault = address_fault(name, allow_local=False)
    return fault not in {"", "not an IP address"}


def _external_port(port: str, service: Service) -> int | None:
    """A number stands for itself: nothing translates the ports of an ExternalName Service."""
    if _NUMBER.fullmatch(port):
        return int(port)
    named = find_service_port(service, port)
    return named.port if named is not None else None


def _client_ip_timeout(service: Service) -> tuple[int, tuple[Finding, ...]]:
    """Seconds of ``sessionAffinity: ClientIP``, 0 without, and what of it cannot be meant."""
    wanted = service.spec.session_affinity
    if wanted != "ClientIP":
        field, remedy = "spec.sessionAffinity", "write ClientIP or None"
        return 0, () if wanted in {"None", ""} else (_unusable(service, field, wanted, remedy),)
    affinity = service.spec.session_affinity_config
    if affinity is None or affinity.client_ip is None:
        return CLIENT_IP_TIMEOUT_SECONDS, ()
    seconds = affinity.client_ip.timeout_seconds
    if 0 < seconds <= _MAX_CLIENT_IP_TIMEOUT:
        return seconds, ()
    field = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
    remedy = f"write seconds, 1 to {_MAX_CLIENT_IP_TIMEOUT}"
    return CLIENT_IP_TIMEOUT_SECONDS, (_unusable(service, field, seconds, remedy),)


def _unusable(service: Service, field: str, value: object, remedy: str) -> Finding:
    message = f"{value!r} is not valid; the default is used"
    return finding(Code.SERVICE_INVALID, service.key, field, message, remedy)


def _without_cluster_ip(service: Service) -> Problem:
    """What is wrong with a Service that is meant to stand for its endpoints."""
    name, address = service.key.qualified_name, service.spec.cluster_ip
    why = f"has {address!r}, to which nothing is sent" if address else "has none here"
    return problem(
        Code.CLUSTER_IP_MISSING,
        "",
        f"the annotation service-upstream asks for the cluster IP of Service {name}, which "
        f"{'is headless' if service.spec.is_headless else why}; requests go to its endpoints",
        "remove the annotation, or give the Service a cluster IP",
    )


def _without_port(backend: Backend, service: Service) -> CompiledUpstream:
    ports = service.spec.ports
    other = [p for p in ports if not is_tcp(p.protocol) and backend.port in {p.name, str(p.port)}]
    if other:
        return _unavailable(
            backend,
            Code.SERVICE_PORT_UNUSABLE,
            f"has port {backend.port} only as {other[0].protocol}",
            "name a TCP port",
        )
    by = "" if _NUMBER.fullmatch(backend.port) else "named "
    wanted = backend.port if not by else f"'{backend.port}'"
    has = f"it has {listed(ports)}" if ports else "it has none"
    return _unavailable(
        backend,
        Code.SERVICE_PORT_MISSING,
        f"has no port {by}{wanted}; {has}" if backend.port else f"has no TCP port; {has}",
        "name one of its ports, or add this one to it",
    )


def _without_endpoints(backend: Backend, port: ServicePort, gathered: Gathered) -> CompiledUpstream:
    if gathered.unmatched and not gathered.unready:
        code, reason = Code.SERVICE_PORT_UNMATCHED, _unmatched_reason(port, gathered.unmatched)
        remedy = "give the port of the endpoints the name of the Service port"
    else:
        code, reason = Code.SERVICE_WITHOUT_ENDPOINTS, _unready_reason(gathered.unready)
        remedy = "look at the pods and their readiness probes, or point --backend somewhere else"
    compiled = _unavailable(backend, code, reason, remedy)
    return CompiledUpstream(compiled.upstream, compiled.problem, gathered.findings)


def _waits_for_pods(objects: ServiceObjects) -> bool:
    """Whether only a cluster could fill it: it has a selector, and nobody wrote its endpoints."""
    service = objects.service
    has_selector = service is not None and bool(service.spec.selector)
    return has_selector and not objects.slices and objects.endpoints is None


def _without_pods(backend: Backend) -> CompiledUpstream:
    """What nearly every manifest looks like outside of a cluster: nothing is wrong with it."""
    is_default = backend.namespace == DEFAULT_NAMESPACE
    name = backend.service if is_default else f"{backend.namespace}/{backend.service}"
    compiled = _unavailable(
        backend,
        Code.SERVICE_WITHOUT_ENDPOINTS,
        "has no endpoints: files hold none of the pods it selects",
        f"`--backend {name}=127.0.0.1:3000` leads it to something on this machine",
    )
    assert compiled.problem is not None
    told = structs.replace(compiled.problem, severity=Severity.INFO)
    return CompiledUpstream(compiled.upstream, told)


def _unready_reason(count: int) -> str:
    if not count:
        return "has no endpoints"
    return f"has no ready endpoints: {count} {'is' if count == 1 else 'are'} not ready"


def _unmatched_reason(port: ServicePort, count: int) -> str:
    wanted = f"no TCP port named '{port.name}'" if port.name else "no unnamed TCP port"
    addresses = "1 address has" if count == 1 else f"{count} addresses have"
    return f"has no usable endpoints: {addresses} {wanted}"


def _refused(
    backend: Backend, reason: str, remedy: str = "name the addresses in an EndpointSlice"
) -> CompiledUpstream:
    return _unavailable(backend, Code.EXTERNAL_NAME_REFUSED, reason, remedy)


def _unavailable(backend: Backend, code: Code, reason: str, remedy: str) -> CompiledUpstream:
    """``reason`` completes "Service default/web ..."."""
    text = f"Service {backend.namespace}/{backend.service} {reason}"
    return CompiledUpstream(
        Upstream(key=backend.upstream, unavailable=text),
        problem(code, "", f"{text}; requests get 503", remedy),
    )
