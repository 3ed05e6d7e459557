"""Settings in which several Ingresses have a say, of a host or a Service port: the oldest decides.

Who loses is told which Ingress wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, structs

from ingressd.compiler.annotations.row import Setting
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.compiler.ingresses.claims import Claim, CompiledIngress
from ingressd.resources.finding import Finding
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import (
    DEFAULT_HOST_POLICY,
    DEFAULT_UPSTREAM_POLICY,
    HostPolicy,
    UpstreamPolicy,
)

_HOST = "host."
_UPSTREAM = "upstream."
_PASSING = "passthrough"


class MergedHost(Struct, frozen=True):
    """``chosen`` are the settings that decide, with the claims that they come from."""

    policy: HostPolicy = DEFAULT_HOST_POLICY
    chosen: tuple[tuple[Claim, Setting], ...] = ()
    findings: tuple[Finding, ...] = ()

    def winner(self, field: str) -> str:
        """The Ingress, ``namespace/name``, that decides about a field; "" where none does."""
        winners = (claim.ingress for claim, setting in self.chosen if _field(setting) == field)
        return next(winners, "")


class Governed(Struct, frozen=True, gc=False):
    """The settings of a Service port, and what to tell those who would have it otherwise."""

    policy: UpstreamPolicy = DEFAULT_UPSTREAM_POLICY
    findings: tuple[Finding, ...] = ()


UNGOVERNED = Governed()


def merge_host(ordered: Sequence[Claim], shown: str) -> MergedHost:
    """Field by field, the oldest Ingress of the host that says something decides. ``ordered`` are
    the claims on it, oldest first; ``shown`` is the host as messages write it."""
    if not ordered:
        return MergedHost()
    winners: dict[str, Claim] = {}
    chosen: list[tuple[Claim, Setting]] = []
    findings: list[Finding] = []
    for claim, setting in _settings(ordered):
        name = _field(setting)
        winner = winners.setdefault(name, claim)
        if winner is claim:
            chosen.append((claim, setting))
        elif getattr(winner.host_policy, name) != getattr(claim.host_policy, name):
            findings.append(_overridden(claim.subject, setting, winner.ingress, shown))
    if not winners:
        return MergedHost(ordered[0].host_policy)
    values = {name: getattr(claim.host_policy, name) for name, claim in winners.items()}
    policy = structs.replace(ordered[0].host_policy, **values)
    if policy.passthrough and policy.client_certificates is not None:
        policy = structs.replace(policy, passthrough=False)
        findings += [_not_passed(*each, shown) for each in chosen if _field(each[1]) == _PASSING]
    return MergedHost(policy, tuple(chosen), tuple(findings))


def govern_upstream(key: str, ingresses: Iterable[CompiledIngress]) -> Governed:
    """The settings of a Service port are those of the oldest Ingress that refers to it, even where
    it says nothing: so it is in ingress-nginx."""
    ordered = sorted(ingresses, key=lambda ingress: ingress.rank)
    if not ordered:
        return UNGOVERNED
    winner = ordered[0]
    findings = tuple(
        _overridden(loser.subject, setting, winner.age.name, f"Service port {key}")
        for loser in ordered[1:]
        if loser.upstream_policy != winner.upstream_policy
        for setting in loser.settings
        if setting.field.startswith(_UPSTREAM)
        and getattr(loser.upstream_policy, _field(setting))
        != getattr(winner.upstream_policy, _field(setting))
    )
    return Governed(winner.upstream_policy, findings)


def sets_upstream(settings: Iterable[Setting]) -> bool:
    """Whether any of these is about Service ports."""
    return any(setting.field.startswith(_UPSTREAM) for setting in settings)


def _settings(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Setting]]:
    for claim in claims:
        for setting in claim.settings:
            if setting.field.startswith(_HOST):
                yield claim, setting


def _field(setting: Setting) -> str:
    """The field of HostPolicy or UpstreamPolicy: what is inside of one is settled with it."""
    return setting.field.split(".")[1]


def _not_passed(claim: Claim, setting: Setting, of: str) -> Finding:
    verdict = Verdict(
        setting.annotation,
        Outcome.OVERRIDDEN,
        message=f"another Ingress has ingressd ask the clients of {of} for certificates, "
        "so that TLS ends there",
        remedy="give one of the two a host of its own",
    )
    return verdict.told_to(claim.subject)


def _overridden(subject: ObjectKey, setting: Setting, winner: str, of: str) -> Finding:
    verdict = Verdict(
        setting.annotation,
        Outcome.OVERRIDDEN,
        message=f"Ingress {winner}, which is older, decides this for {of}",
        remedy="write the same in both, or in the older one alone",
    )
    return verdict.told_to(subject)
