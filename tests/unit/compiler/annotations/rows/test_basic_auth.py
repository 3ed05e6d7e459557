from __future__ import annotations

import pytest
from support.annotation_examples import OBJECTS
from support.annotation_examples.basic_auth import USERS

from ingressd.compiler.annotations.reading import Reading, Surroundings, read_annotations
from ingressd.compiler.annotations.referent import WantedSecret
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.routing.policy import Access, BasicAuth, Policy

PREFIX = "nginx.ingress.kubernetes.io"
BASIC = {"auth-type": "basic", "auth-secret": "users"}


def read(texts: dict[str, str], namespace: str = "default", *, crossing: bool = False) -> Reading:
    named = {f"{PREFIX}/{name}": text for name, text in texts.items()}
    base = Directives(may_cross_namespaces=crossing)
    return read_annotations(named, PREFIX, base, Surroundings(namespace, OBJECTS.get))


def outcomes(reading: Reading) -> dict[str, Outcome]:
    return {each.annotation.rpartition("/")[2]: each.outcome for each in reading.verdicts}


def test_workers_get_the_entry_that_is_asked_for() -> None:
    assert read(BASIC).wanted == (WantedSecret("default/users", frozenset({"auth"})),)
    everything = read({**BASIC, "auth-secret-type": "auth-map"})
    assert everything.wanted == (WantedSecret("default/users", None),)


def test_without_a_secret_there_is_nobody_to_let_in() -> None:
    reading = read({"auth-type": "basic"})
    assert reading.is_blocked
    (verdict,) = reading.verdicts
    assert verdict.outcome is Outcome.INVALID
    assert "there is no auth-secret beside it" in verdict.message
    assert verdict.remedy == "add auth-secret"


def test_digest_is_not_supported_and_closes() -> None:
    reading = read({**BASIC, "auth-type": "digest"})
    assert reading.is_blocked
    assert outcomes(reading) == {"auth-type": Outcome.UNSUPPORTED, "auth-secret": Outcome.NO_OP}


def test_a_secret_alone_does_nothing_and_is_told() -> None:
    reading = read({"auth-secret": "users"})
    assert not reading.is_blocked
    assert reading.directives == Directives()
    (verdict,) = reading.verdicts
    assert (verdict.outcome, verdict.is_suspect) == (Outcome.NO_OP, True)


def test_a_realm_that_cannot_be_read_leaves_the_password() -> None:
    reading = read({**BASIC, "auth-realm": "Say $x"})
    assert not reading.is_blocked
    access = Access(basic_auth=BasicAuth(USERS.key.qualified_name))
    assert reading.directives.policy == Policy(access=access)
    assert outcomes(reading)["auth-realm"] is Outcome.INVALID


@pytest.mark.parametrize("crossing", [False, True])
def test_users_of_another_namespace_must_be_allowed(crossing: bool) -> None:
    reading = read({**BASIC, "auth-secret": "default/users"}, "shop", crossing=crossing)
    assert reading.is_blocked is not crossing
    assert outcomes(reading)["auth-secret"] is (Outcome.HONOURED if crossing else Outcome.INVALID)
