"""Text for nginx itself, and the firewall that is built into it: left out on purpose."""

from __future__ import annotations

from functools import partial

from msgspec import structs

from ingressd.compiler.annotations.protection import (
    Protects,
    if_it_denies,
    nothing,
    unless_empty,
    unless_off,
)
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
from ingressd.compiler.annotations.values import Parser, boolean, matching, unread
from ingressd.compiler.snippets.advice import advice

_FIREWALL = "put a web application firewall in front of ingressd, then remove the annotation"


def _snippet_row(name: str, scope: Scope, tier: Tier, summary: str, remedy: str) -> Row:
    return Row(
        name=name,
        scope=scope,
        tier=tier,
        summary=summary,
        value=unread(),
        takes_lines=True,
        protects=if_it_denies,
        support=Support.NEVER,
        instead="there is no nginx here that could run it",
        remedy=remedy,
    )


def _readable_row(row: Row) -> Row:
    """A row of a snippet whose directives mean what some annotations mean. What one of the host
    denies is denied on the paths of other Ingresses too."""
    of_host = row.scope is Scope.HOST
    advises = partial(advice, otherwise=row.remedy, of_host=of_host)
    if not of_host:
        return structs.replace(row, advises=advises)
    return structs.replace(row, advises=advises, field="host.is_denied", closed=True)


def _firewall_row(
    name: str, summary: str, protects: Protects, value: Parser, *, usual: str = ""
) -> Row:
    return Row(
        name=name,
        value=value,
        tier=Tier.RARE,
        summary=summary,
        protects=protects,
        support=Support.NEVER,
        instead="there is no ModSecurity here",
        remedy=_FIREWALL,
        usual=usual,
    )


ROWS = (
    _readable_row(
        _snippet_row(
            "configuration-snippet",
            Scope.PATH,
            Tier.COMMON,
            "nginx directives for the paths.",
            "say it with other annotations or in the application, then remove it",
        )
    ),
    _readable_row(
        _snippet_row(
            "server-snippet",
            Scope.HOST,
            Tier.COMMON,
            "nginx directives for the host.",
            "say it with other annotations or in the application, then remove it",
        )
    ),
    _snippet_row(
        "auth-snippet",
        Scope.PATH,
        Tier.RARE,
        "nginx directives for the question to auth-url.",
        "set headers of the question with auth-proxy-set-headers, then remove it",
    ),
    _snippet_row(
        "stream-snippet",
        Scope.HOST,
        Tier.RARE,
        "nginx directives for raw TCP and UDP.",
        "expose the Service with a LoadBalancer or a NodePort, then remove it",
    ),
    _firewall_row(
        "enable-modsecurity",
        "Filter requests with ModSecurity.",
        unless_off,
        boolean(),
        usual="false",
    ),
    _firewall_row(
        "enable-owasp-core-rules",
        "Use the rules of OWASP's core set.",
        unless_off,
        boolean(),
        usual="false",
    ),
    structs.replace(
        _firewall_row("modsecurity-snippet", "Rules for ModSecurity.", unless_empty, unread()),
        takes_lines=True,
    ),
    _firewall_row(
        "modsecurity-transaction-id",
        "Id of a request in its log.",
        nothing,
        matching("[-A-Za-z0-9_${}]+", "letters, digits and variables, without spaces"),
    ),
)
