"""``ingressd routes``: the compiled table, one line for each route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from msgspec import UNSET

from ingressd.admin.listing import CertificateRow, RouteRow, list_routes
from ingressd.cli.compiled import compile_source
from ingressd.cli.options.sources import SourceOptions, source_options
from ingressd.cli.rendering.terminal import (
    columns,
    date_words,
    heading,
    output_flag,
    plain,
    show,
    show_json,
)
from ingressd.routing.explaining.host_words import host_words
from ingressd.routing.explaining.policy_words import canary_words, policy_words
from ingressd.routing.explaining.reasons import describe_host
from ingressd.routing.model import PathKind

_COLUMNS = ("HOST", "PATH", "TYPE", "INGRESS", "SERVICE", "ENDPOINTS", "CERTIFICATE", "POLICIES")
_SHOWN_ENDPOINTS = 3
_NOTHING = "-"


@click.command("routes")
@output_flag
@source_options
def command(output: str, source: SourceOptions) -> None:
    """Show what the objects come to: every route, in the order in which routes win."""
    rows = list_routes(compile_source(source).table)
    if output == "json":
        show_json(rows)
    else:
        show("\n".join(routes_text(rows)) if rows else "There is no route.")


def routes_text(rows: Iterable[RouteRow]) -> Iterator[str]:
    """The table with its heading."""
    head, *lines = columns([_COLUMNS, *map(_cells, rows)])
    yield heading(head)
    yield from lines


def _cells(row: RouteRow) -> tuple[str, ...]:
    policies = () if row.policy is UNSET else policy_words(row.policy)
    of_host = () if row.host_policy is UNSET else host_words(row.host_policy)
    canaries = (f"canary {canary_words(each)}" for each in row.canaries)
    words = [*canaries, *policies, *of_host]
    return (
        describe_host(row.host),
        plain(row.path),
        row.kind,
        row.ingress,
        row.backend or _NOTHING,
        _endpoints(row),
        _certificate(row.certificate),
        plain(", ".join(words)) or _NOTHING,
    )


def _endpoints(row: RouteRow) -> str:
    if row.policy is not UNSET and row.policy.redirect is not None:
        return _NOTHING
    if row.kind == PathKind.UNMATCHED.value and not row.unavailable:
        return "none (404)"
    if not row.endpoints:
        return click.style("none (503)", fg="red")
    more = len(row.endpoints) - _SHOWN_ENDPOINTS
    shown = ",".join(row.endpoints[:_SHOWN_ENDPOINTS])
    return f"{shown} +{more} more" if more > 0 else shown


def _certificate(certificate: CertificateRow | None) -> str:
    if certificate is None:
        return _NOTHING
    return f"{certificate.secret or 'self-signed'} until {date_words(certificate.not_after)}"
