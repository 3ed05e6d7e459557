"""Who may come, and how often."""

from __future__ import annotations

from ingressd.compiler.annotations.protection import always
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import Parser, between, kilobytes, networks
from ingressd.compiler.configmap.row import Row
from ingressd.routing.deciding.blocking import Blocklist

_ERROR_STATUS = between(400, 599)


def _read_entries(text: str) -> tuple[str, ...]:
    """Raises BadPattern, which is a ValueError."""
    entries = tuple(part.strip() for part in text.split(",") if part.strip())
    Blocklist(entries)
    return entries


_ENTRIES = Parser(
    'texts, or "~" and a regular expression RE2 knows, separated by commas', _read_entries
)


def _networks_row(name: str, field: str, summary: str) -> Row:
    return Row(
        name=name,
        field=f"directives.policy.access.{field}",
        value=networks(may_have_gaps=True),
        summary=summary,
        protects=always,
    )


def _blocked_row(name: str, field: str, value: Parser, summary: str) -> Row:
    return Row(
        name=name,
        field=f"global_policy.blocklists.{field}",
        value=value,
        summary=summary,
        protects=always,
    )


def _status_row(name: str, field: str, summary: str) -> Row:
    return Row(
        name=name,
        default="503",
        field=f"directives.policy.rate_limits.{field}",
        value=_ERROR_STATUS,
        summary=summary,
    )


ROWS = (
    _networks_row(
        "whitelist-source-range",
        "allow",
        "Networks that may come, where an Ingress does not say itself; all others get 403.",
    ),
    _networks_row(
        "denylist-source-range",
        "deny",
        "Networks that get 403, where an Ingress does not say itself.",
    ),
    _blocked_row(
        "block-cidrs",
        "networks",
        networks(may_have_gaps=True),
        "Networks that get 403, where neither an Ingress nor one of the two keys above has a list.",
    ),
    _blocked_row(
        "block-user-agents",
        "user_agents",
        _ENTRIES,
        "User-Agents that get 403, separated by commas; ~ begins a pattern, ~* one that ignores "
        "case.",
    ),
    _blocked_row(
        "block-referers",
        "referers",
        _ENTRIES,
        "Referers that get 403, in the same words.",
    ),
    _status_row(
        "limit-req-status-code", "rate_status", "Status for requests beyond limit-rps or limit-rpm."
    ),
    _status_row(
        "limit-conn-status-code",
        "connection_status",
        "Status for requests beyond limit-connections.",
    ),
    Row(
        name="limit-conn-zone-variable",
        default="$binary_remote_addr",
        summary="What clients are told apart by for limit-rps, limit-rpm and limit-connections.",
        support=Support.NOT_YET,
        instead="clients are told apart by address",
        remedy="remove it",
        usual="$binary_remote_addr",
    ),
    Row(
        name="limit-rate",
        default="0",
        field="directives.policy.bandwidth.rate",
        value=kilobytes(),
        summary="Kilobytes a second that a client gets of an answer, 0 for no limit.",
    ),
    Row(
        name="limit-rate-after",
        default="0",
        field="directives.policy.bandwidth.after",
        value=kilobytes(),
        summary="Kilobytes of an answer that come before limit-rate.",
    ),
)
