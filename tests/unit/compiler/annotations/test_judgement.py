"""What is said of an annotation, whatever row it has: closed or open, and what to do."""

from __future__ import annotations

import pytest
from msgspec import structs

from ingressd.compiler.annotations.elsewhere import Elsewhere, drops_ingress, ignores
from ingressd.compiler.annotations.judgement import (
    incomplete,
    invalid,
    invalid_in_vain,
    judge,
    unheeded,
    unusable,
    without_switch,
)
from ingressd.compiler.annotations.protection import always, unless_off
from ingressd.compiler.annotations.referent import Unusable
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
from ingressd.compiler.annotations.values import boolean
from ingressd.compiler.annotations.verdict import Outcome

NAME = "nginx.ingress.kubernetes.io/own"
PLAIN = Row(name="own", tier=Tier.RARE, summary="", value=boolean(), instead="nothing happens")
GUARD = structs.replace(PLAIN, protects=always)
HOST_GUARD = structs.replace(GUARD, scope=Scope.HOST, closed=True)
PATHS_CLOSED = "the paths of this Ingress answer 503 so that nothing is left open"
NOT_WRITTEN = "it counts as not written"
HOST_CLOSED = "every path of the host answers 403 so that nothing is left open"


def row(of: Row = PLAIN, **fields: object) -> Row:
    return structs.replace(of, **fields)


@pytest.mark.parametrize(
    ("judged", "outcome", "is_blocking", "message"),
    [
        (PLAIN, Outcome.HONOURED, False, ""),
        (GUARD, Outcome.HONOURED, False, ""),
        (row(support=Support.NO_OP), Outcome.NO_OP, False, "it changes nothing: nothing happens"),
        (row(support=Support.NO_OP, usual="x"), Outcome.HONOURED, False, ""),
        (
            row(support=Support.NOT_YET), Outcome.UNSUPPORTED, False,
            "ingressd does not support this annotation yet; nothing happens",
        ),
        (
            row(support=Support.NEVER), Outcome.UNSUPPORTED, False,
            "ingressd does not support this annotation and will not; nothing happens",
        ),
        (
            row(GUARD, support=Support.NEVER), Outcome.UNSUPPORTED, True,
            f"ingressd cannot give this protection; {PATHS_CLOSED}",
        ),
        (
            row(HOST_GUARD, support=Support.NEVER), Outcome.UNSUPPORTED, True,
            "ingressd cannot give this protection; every path of the host answers 503 so that "
            "nothing is left open",
        ),
        (
            row(lacks=lambda text: f"{text} is not spoken"), Outcome.UNSUPPORTED, False,
            "x is not spoken; the rest is honoured",
        ),
        (
            row(GUARD, lacks=lambda text: f"{text} is not spoken"), Outcome.UNSUPPORTED, True,
            "x is not spoken; the paths of this Ingress answer 503",
        ),
    ],
)  # fmt: skip
def test_what_is_written_well(
    judged: Row, outcome: Outcome, is_blocking: bool, message: str
) -> None:
    found = judge(judged, NAME, "x")
    assert (found.annotation, found.outcome, found.message) == (NAME, outcome, message)
    assert found.is_blocking == is_blocking
    assert bool(found.remedy) == (outcome is Outcome.UNSUPPORTED)


def test_what_asks_to_be_open_closes_nothing() -> None:
    guard = row(GUARD, protects=unless_off, support=Support.NEVER)
    blocking = {text: judge(guard, NAME, text).is_blocking for text in ("on", "off", "nonsense")}
    assert blocking == {"on": True, "off": False, "nonsense": True}


def test_a_doubt_goes_before_all_else_and_closes_nothing() -> None:
    found = judge(row(GUARD, usual="x"), NAME, "x", doubt="has a user who cannot log in")
    assert (found.outcome, found.is_blocking) == (Outcome.INVALID, False)
    assert found.message == "has a user who cannot log in; the rest of it is used"


@pytest.mark.parametrize(
    ("judged", "is_blocking", "instead"),
    [
        (PLAIN, False, "nothing happens"),
        (Row(name="own", tier=Tier.RARE, summary="", value=boolean()), False, NOT_WRITTEN),
        (GUARD, True, PATHS_CLOSED),
        (row(GUARD, closed=True), True, PATHS_CLOSED),
        (HOST_GUARD, True, HOST_CLOSED),
    ],
)
def test_what_cannot_be_read(judged: Row, is_blocking: bool, instead: str) -> None:
    found = invalid(judged, NAME, "x" * 100)
    assert (found.outcome, found.is_blocking) == (Outcome.INVALID, is_blocking)
    assert not found.differs
    assert found.message == f"'{'x' * 80}' is not valid, expected {boolean().expected}; {instead}"
    assert found.remedy == f"write {boolean().expected}"


@pytest.mark.parametrize(("judged", "ours"), [(PLAIN, "nothing happens"), (GUARD, PATHS_CLOSED)])
def test_where_ingress_nginx_goes_another_way_it_is_told(judged: Row, ours: str) -> None:
    found = invalid(row(judged, elsewhere=ignores("it all")), NAME, "x")
    assert found.differs
    assert found.message.endswith(f"; {ours}, where ingress-nginx would ignore it all")


@pytest.mark.parametrize(
    ("judged", "is_blocking", "instead"),
    [
        (PLAIN, False, "nothing happens"),
        (GUARD, True, PATHS_CLOSED),
        (HOST_GUARD, True, HOST_CLOSED),
    ],
)
def test_what_names_something_of_no_use(judged: Row, is_blocking: bool, instead: str) -> None:
    found = unusable(judged, NAME, "x", Unusable("Secret a/b does not exist", "create it"))
    assert (found.outcome, found.is_blocking) == (Outcome.INVALID, is_blocking)
    assert (found.message, found.remedy) == (f"Secret a/b does not exist; {instead}", "create it")
    alone = incomplete(row(judged, needs="other"), NAME, "x")
    assert (alone.message, alone.remedy) == (f"there is no other beside it; {instead}", "add other")


def test_what_is_done_without_is_told_as_a_loss() -> None:
    found = unheeded(row(GUARD, support=Support.NEVER), NAME, "x")
    assert (found.is_blocking, found.loses_protection) == (False, True)
    assert found.message.endswith("the paths are served without it")


@pytest.mark.parametrize(("judged", "is_suspect"), [(PLAIN, False), (GUARD, True)])
def test_without_its_switch_a_protection_is_probably_missed(judged: Row, is_suspect: bool) -> None:
    found = without_switch(row(judged, requires="switch"), NAME)
    assert (found.outcome, found.is_blocking) == (Outcome.NO_OP, False)
    assert found.is_suspect == is_suspect
    assert found.remedy == "add switch, or remove this one"


@pytest.mark.parametrize(
    ("elsewhere", "is_read", "told"),
    [
        (drops_ingress, True, True),
        (drops_ingress, False, False),
        (ignores("it all"), True, False),
    ],
)
def test_what_cannot_be_read_and_does_nothing_anyway_is_told_as_both(
    elsewhere: Elsewhere, is_read: bool, told: bool
) -> None:
    guard = row(GUARD, requires="switch", elsewhere=elsewhere)
    found = invalid_in_vain(guard, NAME, "x", without_switch(guard, NAME), is_read=is_read)
    assert (found.outcome, found.is_blocking, found.differs) == (Outcome.INVALID, False, told)
    assert "'x' is not valid, expected true or false; it has no effect without a valid switch" in (
        found.message
    )
    assert ("; it has no effect without a valid switch, where ingress" in found.message) is told
    assert found.remedy == "write true or false, and add switch, or remove this one"


def test_what_is_not_honoured_is_not_to_be_written_better() -> None:
    never = row(support=Support.NEVER, remedy="remove it", requires="switch")
    found = invalid(never, NAME, "x")
    assert (found.outcome, found.remedy) == (Outcome.INVALID, "remove it")
    alone = invalid_in_vain(never, NAME, "x", without_switch(never, NAME), is_read=True)
    assert alone.remedy == "add switch, or remove this one"


def test_advice_is_made_of_the_text_and_its_prefix() -> None:
    advised = row(support=Support.NEVER, advises=lambda text, prefix: f"{prefix}: {text}")
    for each in (advised, row(advised, protects=always)):
        assert judge(each, NAME, "x").remedy == "nginx.ingress.kubernetes.io: x"
