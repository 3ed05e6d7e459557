"""What a service decided about a request, and how long that may be remembered."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from ingressd.proxy.headers import RawHeaders, line
from ingressd.proxy.inquiry.courier import Reply
from ingressd.routing.policy import ExternalAuth

_TEXT = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
_MAX_AGE = re.compile(rb"(s-maxage|max-age)=\"?([0-9]{1,9})\"?")
_REFUSING = (401, 403)
_NEVER_KEPT = frozenset({b"no-cache", b"no-store", b"private"})


class Decision(Struct, frozen=True, gc=False):
    """The status of an answer, and the serialised field lines of it that go on: ``claims`` to the
    pod, ``cookies`` to the client, ``challenges`` to a client that is not let in."""

    status: int
    claims: tuple[bytes, ...] = ()
    cookies: tuple[bytes, ...] = ()
    challenges: tuple[bytes, ...] = ()

    def __repr__(self) -> str:
        return f"Decision({self.status})"  # claims and cookies may be tokens

    @property
    def admits(self) -> bool:
        """Whether the request may pass."""
        return 200 <= self.status < 300

    @property
    def is_clear(self) -> bool:
        """Whether it is a yes or a no."""
        return self.admits or self.status in _REFUSING

    @property
    def size(self) -> int:
        """About how many bytes it takes to remember it."""
        return 200 + sum(map(len, (*self.claims, *self.cookies, *self.challenges)))


class Reader:
    """Reads the answers that the service of one route gives."""

    def __init__(self, auth: ExternalAuth) -> None:
        self._claims = [(name.encode(), _folded(name.encode())) for name in auth.response_headers]
        self._remembered = auth.remembered

    def read(self, reply: Reply) -> Decision:
        """The decision. Fields with controls in them are left out."""
        return Decision(
            reply.status,
            tuple(self._claims_of(reply.fields)),
            tuple(_copied(reply.fields, b"Set-Cookie")),
            tuple(_copied(reply.fields, b"WWW-Authenticate")),
        )

    def seconds_to_remember(self, reply: Reply) -> float:
        """For how long the same question need not be asked again; 0 for not at all.

        As in nginx's ``proxy_cache_valid``, unless the answer says otherwise itself, and not where
        it sets cookies. One that depends on fields of the question (``Vary``) is not remembered.
        """
        seconds = self._by_status(reply.status)
        if not seconds or any(_copied(reply.fields, b"Set-Cookie")):
            return 0
        if any(_copied(reply.fields, b"Vary")):
            return 0
        return _said_by_cache_control(reply.fields, seconds)

    def _claims_of(self, fields: RawHeaders) -> Iterator[bytes]:
        """As nginx names header fields in variables, "-" and "_" are the same."""
        for name, folded in self._claims:
            values = [value for key, value in fields if _folded(key) == folded and value]
            joined = b", ".join(values)
            if joined and _TEXT.fullmatch(joined):
                yield line(name, joined)

    def _by_status(self, status: int) -> float:
        """The failures of a service are never remembered."""
        if status >= 500:
            return 0
        fitting = (
            each.seconds
            for each in self._remembered
            if not each.statuses or status in each.statuses
        )
        return next(fitting, 0)


def _folded(name: bytes) -> bytes:
    return name.lower().replace(b"_", b"-")


def _copied(fields: RawHeaders, name: bytes) -> Iterator[bytes]:
    for key, value in fields:
        if key.lower() == name.lower() and _TEXT.fullmatch(value):
            yield line(name, value)


def _said_by_cache_control(fields: RawHeaders, seconds: float) -> float:
    """RFC 9111 section 5.2.2; ``s-maxage`` is for those who share, as we do."""
    said = [value.lower() for key, value in fields if key.lower() == b"cache-control"]
    directives = [part.strip() for part in b",".join(said).split(b",")]
    if not _NEVER_KEPT.isdisjoint(directives):
        return 0
    found = (_MAX_AGE.fullmatch(part) for part in directives)
    ages = {each[1]: each[2] for each in found if each is not None}
    age = ages.get(b"s-maxage", ages.get(b"max-age"))
    return seconds if age is None else float(age)
