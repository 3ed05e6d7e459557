"""The settings of the whole data plane, compiled from flags and the ConfigMap."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, structs

from ingressd.compiler.annotations.reading import NOWHERE, settled
from ingressd.compiler.annotations.referent import Find
from ingressd.compiler.annotations.replaced_lists import blocks_by_default
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.codes import Code, finding
from ingressd.compiler.configmap.header_fields import with_fields
from ingressd.compiler.configmap.reading import field_of, read_keys
from ingressd.compiler.configmap.row import GlobalDirectives, HeaderBuffers
from ingressd.compiler.configmap.without_effect import tell_of_idle
from ingressd.compiler.services.backends import parse_service
from ingressd.compiler.settings import Compat, CompilerSettings
from ingressd.compiler.unmatched import usual_policy
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap
from ingressd.routing.global_policy import (
    DEFAULT_GLOBAL_POLICY,
    GlobalPolicy,
    Limits,
    StrictTransport,
)
from ingressd.routing.policy import Policy

_LINE_END = len(": \r\n")
_ANY_PROTECTION = "*"
"""Among the keys that are lacking: nothing that an Ingress says can replace it."""


class CompiledGlobals(Struct, frozen=True):
    """``directives`` are what the annotations of each Ingress begin with."""

    global_policy: GlobalPolicy = DEFAULT_GLOBAL_POLICY
    directives: Directives = Directives()
    findings: tuple[Finding, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether what no Ingress speaks for must answer 503: a protection is asked for that cannot
        be given."""
        return bool(self.directives.lacking)


def compile_configmap(
    configmap: ConfigMap | None, settings: CompilerSettings, find: Find = NOWHERE.find
) -> CompiledGlobals:
    """What flags and the keys of the ConfigMap say. Nothing is raised: what cannot be used becomes
    a finding, and so does a ConfigMap that is named but does not exist. ``find`` gives the objects
    that keys name."""
    subject = _subject(settings)
    base = _said_by_flags(settings)
    if configmap is None:
        findings = (_missing(subject),) if settings.configmap else ()
        compiled = _together(base)
        return structs.replace(compiled, findings=findings)
    read = read_keys(configmap.data, subject, base)
    directives, faults = with_fields(read.directives, find, subject)
    compiled = _together(directives, read.lacking)
    told = (*read.findings, *faults, *_doubts(compiled, configmap, subject))
    idle = tell_of_idle(configmap.data, subject, directives, told)
    return structs.replace(compiled, findings=(*told, *idle))


def without_readable_configmap(settings: CompilerSettings) -> CompiledGlobals:
    """What flags say where there is a ConfigMap, or may be one, of which no version can be read: it
    may ask for any protection."""
    compiled = _together(_said_by_flags(settings), (_ANY_PROTECTION,))
    return structs.replace(compiled, findings=(_unreadable(_subject(settings)),))


def _said_by_flags(settings: CompilerSettings) -> GlobalDirectives:
    policy = settings.global_policy
    transport = policy.strict_transport
    backend = parse_service(settings.default_backend_service)
    is_sane = settings.compat is Compat.SANE
    return GlobalDirectives(
        global_policy=structs.replace(
            policy, default_backend=backend.upstream if backend is not None else ""
        ),
        directives=Directives(
            policy=Policy(preserve_trailing_slash=is_sane, redirects_as_asked=is_sane),
            cookies_for_host=is_sane,
            may_pass_through=settings.ssl_passthrough,
            may_ignore_protection=settings.allow_ignored_protection,
        ),
        hsts=transport is not None,
        strict_transport=transport or StrictTransport(),
    )


def _together(directives: GlobalDirectives, lacking: tuple[str, ...] = ()) -> CompiledGlobals:
    """What only makes sense once every key is read."""
    policy = structs.replace(
        directives.global_policy,
        limits=_limits(directives.global_policy.limits, directives.header_buffers),
        strict_transport=directives.strict_transport if directives.hsts else None,
    )
    base = structs.replace(
        directives.directives,
        lacking=lacking,
        blocked=policy.blocklists.networks,
    )
    base = settled(base)
    return CompiledGlobals(structs.replace(policy, unmatched=usual_policy(base)), base)


def _limits(limits: Limits, buffers: HeaderBuffers | None) -> Limits:
    """nginx bounds whole lines; a field is its name and value, without what stands around them."""
    if buffers is None:
        return limits
    return structs.replace(
        limits,
        request_line=buffers.size,
        header_field=buffers.size - _LINE_END,
        head=buffers.number * buffers.size,
    )


def _doubts(
    compiled: CompiledGlobals, configmap: ConfigMap, subject: ObjectKey
) -> Iterator[Finding]:
    """What is valid, and yet hardly meant."""
    address = compiled.global_policy.client_address
    if not address.trusted and address.forwarded_headers:
        yield _trusts_nobody(subject, "use-forwarded-headers", "no X-Forwarded-* field")
    elif not address.trusted and address.real_ip and not address.proxy_protocol:
        yield _trusts_nobody(subject, "enable-real-ip", "no address of a client")
    elif "proxy-real-ip-cidr" in configmap.data and any(map(_is_everybody, address.trusted)):
        yield _trusts_everybody(subject)
    if compiled.directives.blocked and not blocks_by_default(compiled.directives):
        yield _blocks_nobody(subject)


def _is_everybody(network: str) -> bool:
    """Whether it is all of IPv4 or IPv6, however it is written."""
    _, slash, length = network.partition("/")
    return bool(slash) and int(length) == 0


def _trusts_nobody(subject: ObjectKey, key: str, disbelieved: str) -> Finding:
    return finding(
        Code.NO_PEER_TRUSTED,
        subject,
        field_of(key),
        f"no proxy is trusted, so that {disbelieved} is believed; ingress-nginx would believe "
        "everybody, and let clients choose their address",
        "set proxy-real-ip-cidr to the networks of the load balancer",
    )


def _trusts_everybody(subject: ObjectKey) -> Finding:
    return finding(
        Code.EVERY_PEER_TRUSTED,
        subject,
        field_of("proxy-real-ip-cidr"),
        "every peer is trusted: any client can choose the address that it is taken for",
        "name the networks of the load balancer alone",
    )


def _blocks_nobody(subject: ObjectKey) -> Finding:
    told = finding(
        Code.CONFIGMAP_KEY_NO_EFFECT,
        subject,
        field_of("block-cidrs"),
        "it has no effect beside whitelist-source-range or denylist-source-range, which hold for "
        "every route instead, as in ingress-nginx",
        "add what it lists to denylist-source-range, and remove it",
    )
    return structs.replace(told, severity=Severity.WARNING)


def _missing(subject: ObjectKey) -> Finding:
    return finding(
        Code.CONFIGMAP_MISSING,
        subject,
        "",
        "it does not exist, or may not be read, though --configmap names it; defaults hold",
        "create it, or leave out --configmap",
    )


def _unreadable(subject: ObjectKey) -> Finding:
    return finding(
        Code.CONFIGMAP_UNREADABLE,
        subject,
        "",
        "it cannot be read, and may say who is kept out; every route answers 503 so that nothing "
        "is left open",
        "mend what is told of its fields, or of a file that may hold it",
    )


def _subject(settings: CompilerSettings) -> ObjectKey:
    return ObjectKey(ConfigMap.__name__, *_split(settings.configmap))


def _split(qualified_name: str) -> tuple[str, str]:
    namespace, _, name = qualified_name.partition("/")
    return namespace, name
