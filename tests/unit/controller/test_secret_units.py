"""Secrets that annotations name: what workers get of them, and for how long."""

from __future__ import annotations

import pytest
from support.objects import meta
from support.stores import filled, touched

from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.controller import secret_units
from ingressd.controller.guard import Guard
from ingressd.controller.secret_units import SecretUnits
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import Secret
from ingressd.sources.events import Deleted

NAME = "default/users"
USERS = Secret(metadata=meta("users"), data={"auth": b"jane:x", "other": b"y"})
AUTH, ALL = WantedSecret(NAME, frozenset({"auth"})), WantedSecret(NAME, None)


def test_workers_get_what_somebody_wants_and_no_more() -> None:
    units, store = SecretUnits(Guard()), filled(USERS)
    units.compile(NAME, [AUTH], store)
    published = units.published(NAME)
    assert published is not None
    assert (published.key, published.entries) == (NAME, {"auth": b"jane:x"})
    units.compile(NAME, [AUTH, ALL], store)
    published = units.published(NAME)
    assert published is not None
    assert published.entries.keys() == {"auth", "other"}


def test_it_goes_with_the_last_who_wants_it() -> None:
    units, store = SecretUnits(Guard()), filled(USERS)
    units.compile(NAME, [AUTH], store)
    units.compile(NAME, [], store)
    assert units.published(NAME) is None


def test_it_goes_with_the_secret() -> None:
    units, store = SecretUnits(Guard()), filled(USERS)
    units.compile(NAME, [AUTH], store)
    touched(store, Deleted(USERS.key))
    units.compile(NAME, [AUTH], store)
    assert units.published(NAME) is None


def test_one_that_fails_stays_as_it_was_and_is_told_until_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    guard, store = Guard(), filled(USERS)
    units = SecretUnits(guard)
    units.compile(NAME, [AUTH], store)
    before = units.published(NAME)
    monkeypatch.setattr(secret_units, "compile_material", fail)
    units.compile(NAME, [ALL], store)
    assert units.published(NAME) is before
    assert [told.subject for told in guard.findings] == [ObjectKey("Entries", "default", "users")]
    units.compile(NAME, [], store)
    assert guard.findings == []
