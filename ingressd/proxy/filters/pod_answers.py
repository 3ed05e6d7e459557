"""Fields of pods' answers that clients get changed, or not at all (ingress-nginx
``proxy-cookie-domain``, ``proxy-cookie-path``, ``proxy-redirect-from``, ``hide-headers``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ingressd.proxy.client.request import Request
from ingressd.proxy.environment import Environment
from ingressd.proxy.headers import line, without
from ingressd.proxy.variables import lookup_in
from ingressd.routing.model import Route
from ingressd.routing.policy import AnswerFields, Substitution
from ingressd.routing.variables import Lookup, Template, as_field, parse_template

Rewriting: TypeAlias = Callable[[bytes, Lookup], bytes]
"""Makes of a value another one, or the same."""


def hide_fields(route: Route, environment: Environment) -> HideFieldsEdit | None:
    """For a policy under which clients do not get all fields."""
    names = _hidden(route.policy.answer_fields)
    return HideFieldsEdit(names) if names else None


def rewrite_fields(route: Route, environment: Environment) -> RewriteFieldsEdit | None:
    """For a policy that changes cookies or redirects of pods."""
    fields = route.policy.answer_fields
    by_name: dict[bytes, Rewriting] = {}
    if fields.cookie_domain is not None or fields.cookie_path is not None:
        by_name[b"set-cookie"] = CookieRewriting(fields.cookie_domain, fields.cookie_path)
    if fields.location.old and fields.location.new:
        by_name[b"location"] = start = StartRewriting(fields.location)
        by_name[b"refresh"] = RefreshRewriting(start)
    return RewriteFieldsEdit(route, by_name) if by_name else None


class HideFieldsEdit:
    """Leave fields out."""

    is_fixed = True

    def __init__(self, names: frozenset[bytes]) -> None:
        self._names = names

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines without these fields."""
        return without(lines, self._names)


class RewriteFieldsEdit:
    """Change the values of fields, by lower-case name."""

    is_fixed = False

    def __init__(self, route: Route, by_name: dict[bytes, Rewriting]) -> None:
        self._route = route
        self._by_name = by_name

    def __call__(self, request: Request, status: int, lines: list[bytes]) -> list[bytes]:
        """The lines with other values."""
        lookup = lookup_in(request, self._route)
        return [self._changed(entry, lookup) for entry in lines]

    def _changed(self, entry: bytes, lookup: Lookup) -> bytes:
        name, _, value = entry.partition(b":")
        rewriting = self._by_name.get(name.lower())
        if rewriting is None:
            return entry
        return line(name, rewriting(value.strip(b" \t\r\n"), lookup))


class StartRewriting:
    """Replace the start of a URL (nginx ``proxy_redirect``), or of a path."""

    def __init__(self, substitution: Substitution) -> None:
        self._old = parse_template(substitution.old)
        self._new = parse_template(substitution.new)

    def __call__(self, value: bytes, lookup: Lookup) -> bytes:
        """The value with another start, if it has the one that is meant."""
        old = _rendered(self._old, lookup)
        if not (old and value.startswith(old)):
            return value
        return _rendered(self._new, lookup) + value[len(old) :]


class RefreshRewriting:
    """Do so with the URL of a Refresh field."""

    def __init__(self, start: StartRewriting) -> None:
        self._start = start

    def __call__(self, value: bytes, lookup: Lookup) -> bytes:
        """The value with another URL."""
        place = value.lower().find(b"url=") + len(b"url=")
        if place < len(b"url="):
            return value
        return value[:place] + self._start(value[place:], lookup)


class DomainRewriting:
    """Replace a whole domain, whether or not a dot stands before it (nginx
    ``proxy_cookie_domain``)."""

    def __init__(self, substitution: Substitution) -> None:
        self._old = parse_template(substitution.old)
        self._new = parse_template(substitution.new)

    def __call__(self, value: bytes, lookup: Lookup) -> bytes:
        """Another domain, or the same."""
        dot = b"." if value.startswith(b".") else b""
        domain = value.removeprefix(b".").lower()
        if not domain or domain != _rendered(self._old, lookup).lower():
            return value
        return dot + _rendered(self._new, lookup)


class CookieRewriting:
    """Change Domain and Path of a cookie."""

    def __init__(self, domain: Substitution | None, path: Substitution | None) -> None:
        self._by_attribute: dict[bytes, Rewriting] = {}
        if domain is not None:
            self._by_attribute[b"domain"] = DomainRewriting(domain)
        if path is not None:
            self._by_attribute[b"path"] = StartRewriting(path)

    def __call__(self, value: bytes, lookup: Lookup) -> bytes:
        """The cookie with other attributes."""
        cookie, *attributes = value.split(b";")
        return b";".join([cookie, *(self._changed(each, lookup) for each in attributes)])

    def _changed(self, attribute: bytes, lookup: Lookup) -> bytes:
        name, equals, value = attribute.partition(b"=")
        rewriting = self._by_attribute.get(name.strip(b" \t").lower())
        if rewriting is None:
            return attribute
        return name + equals + rewriting(value.strip(b" \t"), lookup)


def _hidden(fields: AnswerFields) -> frozenset[bytes]:
    names = {name.lower().encode() for name in fields.hidden}
    return frozenset(names | {b"server"} if fields.hides_server else names)


def _rendered(template: Template, lookup: Lookup) -> bytes:
    return as_field(template.render(lookup)).encode()
