"""Names that a host has beside its own: aliases, and the other form of it with or without www."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec import Struct, structs

from ingressd.compiler.annotations.row import Setting
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.compiler.hosts.redirect_routes import other_name_route
from ingressd.compiler.ingresses.claims import Age, Claim
from ingressd.compiler.settings import Compat
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.hosts import is_wildcard
from ingressd.routing.model import CATCH_ALL, Host, Route
from ingressd.routing.policy import HostPolicy

_WWW = "www."


class Alias(Struct, frozen=True, gc=False):
    """Another name of ``host``, and the annotation of the Ingress that asks for it. A name that
    ``redirects`` leads to the host, instead of being it, and that ``as_asked`` (see
    :class:`ingressd.routing.policy.Redirect`)."""

    name: str
    host: str
    subject: ObjectKey
    age: Age
    annotation: str
    redirects: bool = False
    as_asked: bool = False


class CompiledAlias(Struct, frozen=True, gc=False):
    """``host`` is None where the name has no right to be one; ``findings`` say so."""

    host: Host | None = None
    findings: tuple[Finding, ...] = ()


def other_names(
    host: str,
    policy: HostPolicy,
    chosen: Iterable[tuple[Claim, Setting]],
    compat: Compat = Compat.EXACT,
) -> Iterator[Alias]:
    """The names that the settings ``chosen`` for a host give it."""
    for claim, setting in chosen:
        if setting.field == "host.aliases":
            for name in policy.aliases:
                if name != host:
                    yield Alias(name, host, claim.subject, claim.age, setting.annotation)
        elif setting.field == "host.www_redirect" and policy.www_redirect:
            other = _other_form(host)
            if other:
                yield Alias(
                    other,
                    host,
                    claim.subject,
                    claim.age,
                    setting.annotation,
                    redirects=True,
                    as_asked=compat is Compat.SANE,
                )


def without_other_form(host: str, chosen: Iterable[tuple[Claim, Setting]]) -> Iterator[Finding]:
    """What is said to those who ask for a redirect from the other form of a name that has none."""
    for claim, setting in chosen:
        if setting.field == "host.www_redirect" and not _other_form(host):
            verdict = Verdict(
                setting.annotation,
                Outcome.NO_OP,
                message=f"{host or 'the catch-all host'} has no other form with or without {_WWW}",
                remedy="remove it, or write a rule for each name that is meant",
            )
            yield verdict.told_to(claim.subject)


def compile_alias(
    wanted: Iterable[Alias],
    owner: Claim | None,
    find: Callable[[str], Host | None],
    *,
    has_certificate: bool,
) -> CompiledAlias:
    """What one name is that annotations ask for: the oldest decides, unless an Ingress (``owner``)
    has a rule for the name itself. ``find`` gives the host that an alias stands for.

    As in ingress-nginx, plain requests are redirected where a certificate covers the name.
    """
    first, *others = sorted(wanted, key=lambda alias: (alias.age, alias.host))
    if owner is not None:
        told = (_taken(alias, f"Ingress {owner.ingress} has a rule for it") for alias in wanted)
        return CompiledAlias(findings=tuple(told))
    losers = (alias for alias in others if (alias.host, alias.redirects) != _meaning(first))
    whose = f"Ingress {first.age.name}, which is older or comes first, gives it to {first.host}"
    findings = tuple(_taken(alias, whose) for alias in losers)
    original = find(first.host)
    if original is None:
        return CompiledAlias(findings=findings)
    return CompiledAlias(_derived(first, original, has_tls=has_certificate), findings)


def _other_form(host: str) -> str:
    if host == CATCH_ALL or is_wildcard(host):
        return ""
    return host.removeprefix(_WWW) if host.startswith(_WWW) else f"{_WWW}{host}"


def _meaning(alias: Alias) -> tuple[str, bool]:
    return (alias.host, alias.redirects)


def _derived(alias: Alias, original: Host, *, has_tls: bool) -> Host:
    if alias.redirects:
        route = other_name_route(
            alias.name,
            alias.host,
            alias.age.name,
            alias.annotation,
            as_asked=alias.as_asked,
        )
        return Host(alias.name, (route,), has_tls=has_tls)
    policy = structs.replace(original.policy, aliases=(), www_redirect=False)
    fallback = original.fallback
    return Host(
        name=alias.name,
        routes=tuple(_named(route, alias.name) for route in original.routes),
        fallback=_named(fallback, alias.name) if fallback is not None else None,
        has_tls=has_tls,
        policy=policy,
    )


def _named(route: Route, host: str) -> Route:
    return structs.replace(route, host=host)


def _taken(alias: Alias, why: str) -> Finding:
    what = "is not redirected" if alias.redirects else "is no alias"
    verdict = Verdict(
        alias.annotation,
        Outcome.OVERRIDDEN,
        message=f"{alias.name} {what} here: {why}",
        remedy="remove one of the two",
    )
    return verdict.told_to(alias.subject)
