"""One Ingress, compiled on its own: whose it is, and what it asks of each host."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern

from msgspec import structs

from ingressd.compiler.annotations.denied_words import DeniedWord, find_denied
from ingressd.compiler.annotations.elsewhere import DROP
from ingressd.compiler.annotations.reading import (
    NOTHING,
    NOWHERE,
    Reading,
    Surroundings,
    read_annotations,
)
from ingressd.compiler.annotations.referent import Find
from ingressd.compiler.annotations.replaced_lists import tell_of_replaced
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import annotation_field
from ingressd.compiler.codes import Code, finding
from ingressd.compiler.host_names import read_host
from ingressd.compiler.ingresses.asked_services import asked_services
from ingressd.compiler.ingresses.canaries import claim_shares
from ingressd.compiler.ingresses.claims import (
    Age,
    Claim,
    CompiledIngress,
    Reference,
    TlsEntry,
    age_of,
)
from ingressd.compiler.ingresses.classes import decide_ownership
from ingressd.compiler.ingresses.rule_paths import read_rule_path
from ingressd.compiler.replacing import put
from ingressd.compiler.services.backends import read_backend, serviceless
from ingressd.compiler.settings import CompilerSettings
from ingressd.compiler.unmatched import Usual
from ingressd.resources.decoding import to_finding
from ingressd.resources.finding import Finding
from ingressd.resources.ingress import (
    HTTPIngressPath,
    Ingress,
    IngressBackend,
    IngressClass,
    IngressRule,
    IngressTLS,
)
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.shape import Problem
from ingressd.routing.hosts import wildcard_of
from ingressd.routing.model import CATCH_ALL, Backend, PathKind, Route
from ingressd.routing.policy import CanaryPolicy


def compile_ingress(
    ingress: Ingress,
    classes: Mapping[str, IngressClass],
    settings: CompilerSettings,
    base: Directives = NOTHING.directives,
    find: Find = NOWHERE.find,
) -> CompiledIngress:
    """Compile one Ingress. Nothing is raised: what cannot be served becomes a finding, path by path
    and TLS entry by TLS entry. ``base`` is what holds where annotations say nothing, and ``find``
    gives the objects that they name."""
    ownership = decide_ownership(ingress, classes, settings)
    if not ownership.is_ours:
        return CompiledIngress(
            subject=ingress.key,
            age=age_of(ingress),
            is_ours=False,
            findings=ownership.findings,
        )
    annotations, prefix = ingress.metadata.annotations, settings.annotations_prefix
    if base.denied_words and (denied := find_denied(annotations, prefix, base.denied_words)):
        return CompiledIngress(
            subject=ingress.key, age=age_of(ingress), findings=(_told_of(denied, ingress.key),)
        )
    reading = read_annotations(
        annotations,
        prefix,
        base,
        Surroundings(ingress.metadata.namespace, find),
    )
    replaced = tell_of_replaced(ingress.key, reading, base)
    return _Compilation(ingress, reading, replaced, Usual(base, settings)).result()


def _told_of(denied: DeniedWord, subject: ObjectKey) -> Finding:
    return finding(
        Code.ANNOTATION_DENIED,
        subject,
        annotation_field(denied.annotation),
        f"it holds {denied.word[:80]!r}, which annotation-value-word-blocklist of the ConfigMap "
        f"denies; nothing of this Ingress is served, where {DROP.words}",
        "write it without, or take the word off that list",
    )


class _Compilation:
    """Gathers what the parts of one Ingress give."""

    def __init__(
        self,
        ingress: Ingress,
        reading: Reading,
        findings: Iterable[Finding],
        usual: Usual,
    ) -> None:
        self._ingress = ingress
        self._reading = reading
        self._subject: ObjectKey = ingress.key
        self._age: Age = age_of(ingress)
        self._findings = list(findings)
        self._references: list[Reference] = []
        self._routes: dict[str, list[Route]] = {}
        self._directives = self._with_default_backend(reading)
        if usual.settings.from_files:
            prefix = usual.settings.annotations_prefix
            self._references += asked_services(self._directives.policy, prefix)
        self._unmatched = usual.unless(self._directives.policy)

    def result(self) -> CompiledIngress:
        self._report_creation_time()
        for verdict in self._reading.verdicts:
            told = verdict.as_finding(self._subject)
            if told is not None:
                self._findings.append(told)
        canary = self._directives.canary
        return self._served() if canary is None else self._shared(canary)

    def _shared(self, policy: CanaryPolicy) -> CompiledIngress:
        """A canary. Certificates are those of the main Ingress."""
        spec = self._ingress.spec
        default = self._default_backend(spec.default_backend)
        for number, rule in enumerate(spec.rules):
            self._rule(rule, f"spec.rules[{number}]", has_default=default is not None)
        if default is not None:
            self._routes.setdefault(CATCH_ALL, []).append(default)
        self._report_empty()
        affinity = self._directives.policy.affinity
        return CompiledIngress(
            subject=self._subject,
            age=self._age,
            canaries=claim_shares(self._ingress, self._age, self._routes, policy, affinity),
            references=tuple(structs.replace(each, of_canary=True) for each in self._references),
            upstream_policy=self._directives.upstream,
            settings=self._reading.settings,
            verdicts=self._reading.verdicts,
            findings=tuple(self._findings),
        )

    def _served(self) -> CompiledIngress:
        spec = self._ingress.spec
        default = self._default_backend(spec.default_backend)
        for number, rule in enumerate(spec.rules):
            self._rule(rule, f"spec.rules[{number}]", has_default=default is not None)
        tls = tuple(self._tls(entry, number) for number, entry in enumerate(spec.tls))
        self._report_empty()
        return CompiledIngress(
            subject=self._subject,
            age=self._age,
            claims=self._claims(default),
            yields=self._directives.is_half_canary,
            references=tuple(self._references),
            tls=tuple(entry for entry in tls if entry is not None),
            upstream_policy=self._directives.upstream,
            settings=self._reading.settings,
            named=self._reading.named,
            wanted=() if self._reading.is_blocked else self._reading.wanted,
            verdicts=self._reading.verdicts,
            findings=tuple(self._findings),
        )

    def _claims(self, default: Route | None) -> dict[str, Claim]:
        """By host. An Ingress with a default backend and no rules speaks for the catch-all."""
        hosts = self._routes
        if default is not None and not self._ingress.spec.rules:
            hosts = {CATCH_ALL: []}
        return {
            host: Claim(
                subject=self._subject,
                age=self._age,
                routes=tuple(routes),
                fallback=None if default is None else structs.replace(default, host=host),
                unmatched=self._unmatched,
                has_tls=self._has_tls(host),
                host_policy=self._directives.host,
                settings=self._reading.settings,
                yields=self._directives.is_half_canary,
            )
            for host, routes in hosts.items()
        }

    def _has_tls(self, host: str) -> bool:
        """Whether ``spec.tls`` means this host: by name, by its wildcard, or by naming none at all.

        ingress-nginx takes any entry as meaning every host of the Ingress, and so redirects hosts
        that have no certificate; the conformance feature "host rules" wants those served as asked.
        """
        meant = (host, wildcard_of(host))
        return any(
            not entry.hosts or any(name.lower() in meant for name in entry.hosts)
            for entry in self._ingress.spec.tls
        )

    def _default_backend(self, backend: IngressBackend | None) -> Route | None:
        """The route of ``spec.defaultBackend``, for a host to be filled in. Never rewritten: it has
        no path that a rewrite could refer to. Without rules it takes what nobody else takes, which
        is not redirected, as in ingress-nginx."""
        field = "spec.defaultBackend"
        if backend is None or self._is_serviceless(backend, field):
            return None
        policy = structs.replace(self._directives.policy, rewrite=None)
        if not self._ingress.spec.rules:
            policy = structs.replace(policy, redirect=None)
        return Route(
            host=CATCH_ALL,
            path="/",
            kind=PathKind.PREFIX,
            ingress=self._age.name,
            field=field,
            backend=self._backend(backend, field),
            policy=policy,
        )

    def _with_default_backend(self, reading: Reading) -> Directives:
        """The directives with the upstream that an annotation names by its Service; its first port
        is meant, and that there is such a Service is the concern of the upstream."""
        directives = reading.directives
        if not directives.default_backend:
            return directives
        backend = Backend(self._subject.namespace, directives.default_backend, "")
        for setting in reading.settings:
            if setting.field == "default_backend":
                field = annotation_field(setting.annotation)
                self._references.append(Reference(field, backend, setting.annotation))
        if reading.is_blocked:
            return directives
        return put(directives, "policy.default_backend", backend.upstream)

    def _rule(self, rule: IngressRule, field: str, *, has_default: bool) -> None:
        try:
            host = read_host(rule.host) if rule.host else CATCH_ALL
        except ValueError as error:
            self._report_host(f"{field}.host", rule.host, f"{error}; this rule is not served")
            return
        routes = self._routes.setdefault(host, [])
        paths = rule.http.paths if rule.http is not None else ()
        if not paths and not has_default:
            self._report_rule_without_paths(field)
        for number, path in enumerate(paths):
            route = self._path(host, path, intern(f"{field}.http.paths[{number}]"))
            if route is not None:
                routes.append(route)

    def _path(self, host: str, path: HTTPIngressPath, field: str) -> Route | None:
        read = read_rule_path(path, self._directives, field)
        if isinstance(read, Problem):
            self._report(read)
            return None
        if self._is_serviceless(path.backend, f"{field}.backend"):
            return None
        for warning in read.warnings:
            self._report(warning)
        return Route(
            host=host,
            path=read.path,
            kind=read.kind,
            ingress=self._age.name,
            field=field,
            backend=self._backend(path.backend, intern(f"{field}.backend")),
            policy=read.policy,
        )

    def _is_serviceless(self, backend: IngressBackend, field: str) -> bool:
        """Whether it names no Service, so that it counts as not written."""
        found = serviceless(backend, field)
        if found is not None:
            self._report(found)
        return found is not None

    def _backend(self, backend: IngressBackend, field: str) -> Backend | None:
        """None, which answers 503, also where a protection is asked for that cannot be given."""
        read = read_backend(backend, self._subject.namespace, field)
        if isinstance(read, Problem):
            self._report(read)
            return None
        self._references.append(Reference(field, read))
        return None if self._reading.is_blocked else read

    def _tls(self, entry: IngressTLS, number: int) -> TlsEntry | None:
        field = f"spec.tls[{number}]"
        hosts: list[tuple[str, str]] = []
        for place, text in enumerate(entry.hosts):
            host_field = f"{field}.hosts[{place}]"
            try:
                hosts.append((host_field, read_host(text)))
            except ValueError as error:
                self._report_host(host_field, text, f"{error}; it gets no certificate")
        if "/" in entry.secret_name:
            self._report_foreign_secret(field, entry.secret_name)
            return None
        name = entry.secret_name
        secret = f"{self._subject.namespace}/{name}" if name else ""
        return TlsEntry(field, tuple(hosts), secret)

    def _report(self, problem: Problem) -> None:
        self._findings.append(to_finding(problem, self._subject, ""))

    def _report_creation_time(self) -> None:
        text = self._ingress.metadata.creation_timestamp
        if not text or not self._age.is_undated:
            return
        self._findings.append(
            finding(
                Code.CREATION_TIME_INVALID,
                self._subject,
                "metadata.creationTimestamp",
                f"{text[:80]!r} is not a time; in a conflict this Ingress counts as the newest",
                "write it as 2026-01-31T12:00:00Z (RFC 3339), or leave it out",
            )
        )

    def _report_host(self, field: str, text: str, reason: str) -> None:
        self._findings.append(
            finding(
                Code.HOST_INVALID,
                self._subject,
                field,
                f"host {text[:80]!r} {reason}",
                'write a DNS name such as "foo.example.com" or "*.example.com"',
            )
        )

    def _report_rule_without_paths(self, field: str) -> None:
        self._findings.append(
            finding(
                Code.RULE_WITHOUT_PATHS,
                self._subject,
                field,
                "it has no http.paths and the Ingress no defaultBackend; requests get the default "
                "backend of the host, or 404",
                "add a path or spec.defaultBackend",
            )
        )

    def _report_foreign_secret(self, field: str, name: str) -> None:
        self._findings.append(
            finding(
                Code.SECRET_IN_OTHER_NAMESPACE,
                self._subject,
                f"{field}.secretName",
                f"{name!r} names another namespace, which is never read; "
                "its hosts get another certificate that covers them, else the default one",
                f"put the Secret into namespace {self._subject.namespace} and name it alone",
            )
        )

    def _report_empty(self) -> None:
        spec = self._ingress.spec
        if spec.rules or spec.default_backend is not None:
            return
        self._findings.append(
            finding(
                Code.INGRESS_EMPTY,
                self._subject,
                "spec",
                "it has neither rules nor a defaultBackend; it serves nothing",
                "add a rule or spec.defaultBackend",
            )
        )
