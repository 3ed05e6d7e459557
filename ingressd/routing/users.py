"""Users and the hashes of their passwords, as ``htpasswd`` writes them and nginx reads them.

Only hashes that ingress-nginx can check count, and only those that do not keep a worker busy for
seconds: whoever may write a Secret of one namespace must not take all the time of all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ingressd.routing.policy import UserForm

AUTH_FILE_KEY = "auth"
"""The key of a Secret that holds a file of ``htpasswd``."""

MOST_BCRYPT_COST = 15
MOST_SHA_ROUNDS = 1_000_000

_HASH = re.compile(
    rb"""
    \{PLAIN\}.*
    | \{SHA\} [A-Za-z0-9+/]{27}=
    | \{SSHA\} [A-Za-z0-9+/]{28,}={0,2}
    | \$apr1\$ [^$\s]{0,8} \$ [./A-Za-z0-9]{22}
    | \$1\$ [^$\s]{0,8} \$ [./A-Za-z0-9]{22}
    | \$2[abxy]\$ (?P<cost>[0-9]{2}) \$ [./A-Za-z0-9]{53}
    | \$5\$ (?:rounds=(?P<rounds5>[0-9]{1,9})\$)? [^$\s]{0,16} \$ [./A-Za-z0-9]{43}
    | \$6\$ (?:rounds=(?P<rounds6>[0-9]{1,9})\$)? [^$\s]{0,16} \$ [./A-Za-z0-9]{86}
    | _ [./A-Za-z0-9]{19}
    | [./A-Za-z0-9]{13}
    """,
    re.VERBOSE,
)
"""{PLAIN}, {SHA}, {SSHA}, apr1, MD5, bcrypt, SHA-256, SHA-512, and both forms of DES."""


class Users(NamedTuple):
    """``hashes`` are by user. ``faults`` tell of what else stands there, and why nobody can log in
    with it; they show no hash, and neither does ``repr``."""

    hashes: dict[bytes, bytes]
    faults: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Users(faults={self.faults!r})"


def read_users(entries: Mapping[str, bytes], form: UserForm) -> Users:
    """The users of a Secret. The first of several entries of one user counts."""
    hashes: dict[bytes, bytes] = {}
    known: set[bytes] = set()
    faults: list[str] = []
    for place, user, hashed in _pairs(entries, form):
        fault = _fault(hashed) if user else "no user before a colon"
        if user in known:
            fault = "its user stands further up already"
        if fault:
            faults.append(f"{place}: {fault}")
        else:
            hashes[user] = hashed
        known.add(user)
    return Users(hashes, tuple(faults))


def _pairs(entries: Mapping[str, bytes], form: UserForm) -> Iterator[tuple[str, bytes, bytes]]:
    """Where a user stands, the user, and the hash: up to the end of the line, or a comment."""
    if form is UserForm.MAP:
        for name, value in entries.items():
            yield f"key {name}", name.encode(), re.split(rb"[:\r\n]", value, maxsplit=1)[0]
        return
    for number, line in enumerate(entries.get(AUTH_FILE_KEY, b"").split(b"\n"), 1):
        user, colon, rest = line.partition(b":")
        if line.strip() and not line.startswith((b"#", b"\r")):
            yield f"line {number}", user if colon else b"", re.split(rb"[:\r]", rest, maxsplit=1)[0]


def _fault(hashed: bytes) -> str:
    found = _HASH.fullmatch(hashed)
    if found is None:
        return "no hash that can be checked"
    if int(found["cost"] or 0) > MOST_BCRYPT_COST:
        return f"bcrypt with a cost above {MOST_BCRYPT_COST} takes too long"
    if int(found["rounds5"] or found["rounds6"] or 0) > MOST_SHA_ROUNDS:
        return f"more than {MOST_SHA_ROUNDS} rounds take too long"
    return ""
