"""Asks a running ingressd, through its admin port, for what explain shows."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import urlencode

import click
import msgspec
from msgspec import Struct

from ingressd.resources.finding import Finding
from ingressd.routing.explaining.explain import Explanation

TIMEOUT_SECONDS = 10

Answer = TypeVar("Answer")


class _Findings(Struct, frozen=True):
    findings: tuple[Finding, ...]


class _Refusal(Struct, frozen=True):
    error: str = ""


class AdminUnavailable(click.ClickException):
    """The admin port gave no answer that can be used: exit code 2."""

    exit_code = 2


def ask_explain(admin: str, url: str, method: str, headers: Sequence[str]) -> Explanation:
    """The explanation of a URL by the ingressd whose admin port is at ``admin``."""
    query = urlencode([("url", url), ("method", method), *(("header", line) for line in headers)])
    return _ask(f"{admin.rstrip('/')}/api/v1/explain?{query}", Explanation)


def ask_findings(admin: str) -> tuple[Finding, ...]:
    """All findings of the ingressd whose admin port is at ``admin``."""
    return _ask(f"{admin.rstrip('/')}/api/v1/findings", _Findings).findings


def _ask(url: str, type_: type[Answer]) -> Answer:
    """GET and decode; raises AdminUnavailable, or UsageError when the question was refused."""
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"--admin {url!r} is not a URL such as http://127.0.0.1:10254")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
            return msgspec.json.decode(answer.read(), type=type_)
    except urllib.error.HTTPError as error:
        raise _refused(url, error) from error
    except (OSError, msgspec.DecodeError) as error:
        raise AdminUnavailable(f"{url}: {error}") from error


def _refused(url: str, error: urllib.error.HTTPError) -> click.ClickException:
    try:
        reason = msgspec.json.decode(error.read(), type=_Refusal).error
    except msgspec.DecodeError:
        reason = ""
    if reason:
        return click.UsageError(reason)
    return AdminUnavailable(f"{url}: {error}")
