"""Directives about header fields."""

from __future__ import annotations

from collections.abc import Iterator

from ingressd.compiler.annotations.field_values import is_managed_towards_pods
from ingressd.compiler.snippets.nginx import Directive
from ingressd.compiler.snippets.replacement import (
    TO_CLIENTS,
    TO_PODS,
    Left,
    Line,
    Needless,
    Part,
    Setting,
)

_OF_UPGRADES = frozenset({"upgrade", "connection"})
_OWN = "ingressd writes this field itself; which clients' fields it believes is said with "
_BELIEVED = f"{_OWN}use-forwarded-headers and proxy-real-ip-cidr in the ConfigMap"


def add_header(directive: Directive) -> Iterator[Part]:
    """``add_header NAME VALUE [always]``."""
    _, name, value, *rest = directive.words
    if rest not in ([], ["always"]):
        raise ValueError("not of this form")
    yield Line(TO_CLIENTS, f"add {name}: {value}")


def proxy_hide_header(directive: Directive) -> Iterator[Part]:
    """``proxy_hide_header NAME``."""
    _, name = directive.words
    yield Line(TO_CLIENTS, f"remove {name}")


def proxy_set_header(directive: Directive) -> Iterator[Part]:
    """``proxy_set_header NAME VALUE``."""
    _, name, value = directive.words
    yield _towards_pods(name, value)


def more_set_headers(directive: Directive) -> Iterator[Part]:
    """``more_set_headers "NAME: VALUE" ...``."""
    for name, value in _named_values(directive):
        yield Line(TO_CLIENTS, f"set {name}: {value}" if value else f"remove {name}")


def more_clear_headers(directive: Directive) -> Iterator[Part]:
    """``more_clear_headers NAME ...``."""
    for name in _names(directive):
        yield Line(TO_CLIENTS, f"remove {name}")


def more_set_input_headers(directive: Directive) -> Iterator[Part]:
    """``more_set_input_headers "NAME: VALUE" ...``."""
    for name, value in _named_values(directive):
        yield _towards_pods(name, value)


def more_clear_input_headers(directive: Directive) -> Iterator[Part]:
    """``more_clear_input_headers NAME ...``."""
    for name in _names(directive):
        yield _towards_pods(name, "")


def _towards_pods(name: str, value: str) -> Part:
    if name.lower() == "host":
        return Setting("upstream-vhost", value)
    if name.lower() in _OF_UPGRADES:
        return Needless()  # WebSocket needs nothing to be said
    if is_managed_towards_pods(name):
        return Left(_BELIEVED)
    return Line(TO_PODS, f"set {name}: {value}" if value else f"remove {name}")


def _named_values(directive: Directive) -> Iterator[tuple[str, str]]:
    for word in directive.words[1:]:
        name, colon, value = word.partition(":")
        if word.startswith("-") or not (name and colon):
            raise ValueError("not of this form")
        yield name.strip(), value.strip()


def _names(directive: Directive) -> Iterator[str]:
    for name in directive.words[1:]:
        if name.startswith("-") or "*" in name:
            raise ValueError("not of this form")
        yield name.rstrip(":")
