"""What ``ssl-passthrough`` does to the other annotations of its Ingress, if it is to be had."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import structs

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome, Verdict

_NAME = "ssl-passthrough"
_OF_PLAIN_HTTP = frozenset({_NAME, "ssl-redirect", "force-ssl-redirect", "preserve-trailing-slash"})


def settle_passthrough(
    directives: Directives, verdicts: Iterable[Verdict]
) -> tuple[Directives, list[Verdict]]:
    """Where it is off all the same, its verdict says why; else what is honoured holds for plain
    HTTP alone."""
    if not directives.host.passthrough:
        return directives, [*verdicts]
    if not (why := _impossible(directives)):
        return directives, [_void(verdict) for verdict in verdicts]
    host = structs.replace(directives.host, passthrough=False)
    return structs.replace(directives, host=host), [_refused(each, *why) for each in verdicts]


def _impossible(directives: Directives) -> tuple[str, str] | None:
    """Why it cannot be had, and what to do about it."""
    if not directives.may_pass_through:
        return (
            "it needs the flag --enable-ssl-passthrough; TLS ends at ingressd",
            "run ingressd with --enable-ssl-passthrough, or remove it",
        )
    if directives.host.client_certificates is not None:
        return (
            "auth-tls-secret is set too: TLS ends at ingressd, which asks for certificates",
            "remove one of the two",
        )
    return None


def _refused(verdict: Verdict, message: str, remedy: str) -> Verdict:
    if _name(verdict) != _NAME:
        return verdict
    return Verdict(verdict.annotation, Outcome.UNSUPPORTED, message=message, remedy=remedy)


def _void(verdict: Verdict) -> Verdict:
    if _name(verdict) in _OF_PLAIN_HTTP or verdict.outcome is not Outcome.HONOURED:
        return verdict
    return Verdict(
        verdict.annotation,
        Outcome.OVERRIDDEN,
        message=f"{_NAME} sends TLS to the pods as it comes: this holds for plain HTTP alone",
        remedy=f"let the pods see to it, or remove {_NAME}",
    )


def _name(verdict: Verdict) -> str:
    return verdict.annotation.rpartition("/")[2]
