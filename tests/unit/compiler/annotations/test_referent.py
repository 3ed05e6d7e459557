from __future__ import annotations

import pytest
from support.objects import meta, service

from ingressd.compiler.annotations.referent import (
    CONFIG_MAP,
    SECRET,
    Unusable,
    content_of,
    look_up,
    read_name,
)
from ingressd.compiler.annotations.referents import (
    AUTH_FILE,
    HEADERS_OF_ANSWERS,
    HEADERS_WITH_VARIABLES,
)
from ingressd.resources.metadata import ObjectKey, Resource
from ingressd.resources.secret import ConfigMap, Secret

USERS = Secret(metadata=meta("users"), data={"auth": b"jane:x"})
THEIRS = ConfigMap(metadata=meta("headers", "theirs"), data={"X": "1"})
OBJECTS: dict[ObjectKey, Resource] = {USERS.key: USERS, THEIRS.key: THEIRS}


def test_a_name_alone_is_in_the_namespace_of_the_ingress() -> None:
    assert read_name("users", SECRET, "default") == ObjectKey("Secret", "default", "users")
    assert read_name("theirs/h", CONFIG_MAP, "default") == ObjectKey("ConfigMap", "theirs", "h")


@pytest.mark.parametrize("text", ["", "/users", "default/", "a/b/c", "Users", "a b", "../x"])
def test_what_no_object_can_be_called_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        read_name(text, SECRET, "default")


def test_content_is_what_the_api_server_makes_of_it() -> None:
    both = Secret(metadata=meta("s"), data={"a": b"1", "b": b"2"}, string_data={"b": "3"})
    assert content_of(both) == {"a": b"1", "b": b"3"}
    assert content_of(THEIRS) == {"X": "1"}
    assert content_of(service("web")) is None
    assert content_of(None) is None


def test_what_is_there_and_well_is_found() -> None:
    assert look_up(AUTH_FILE, USERS.key, "default", OBJECTS.get, may_cross=False) == USERS.data


@pytest.mark.parametrize(("may_cross", "is_found"), [(False, False), (True, True)])
def test_another_namespace_must_be_allowed(*, may_cross: bool, is_found: bool) -> None:
    found = look_up(HEADERS_WITH_VARIABLES, THEIRS.key, "default", OBJECTS.get, may_cross=may_cross)
    assert isinstance(found, Unusable) is not is_found
    if isinstance(found, Unusable):
        assert "ConfigMap theirs/headers is in another namespace" in found.fault
        assert found.remedy == "put it into namespace default and name it alone"


def test_it_need_not_be_allowed_for_everything() -> None:
    found = look_up(HEADERS_OF_ANSWERS, THEIRS.key, "default", OBJECTS.get, may_cross=False)
    assert found == THEIRS.data


def test_what_is_missing_or_malformed_says_so_by_name() -> None:
    key = ObjectKey(SECRET, "default", "late")
    missing = look_up(AUTH_FILE, key, "default", OBJECTS.get, may_cross=False)
    assert isinstance(missing, Unusable)
    assert missing.fault.startswith("Secret default/late does not exist")
    empty = Secret(metadata=meta("late"))
    malformed = look_up(AUTH_FILE, key, "default", {key: empty}.get, may_cross=False)
    assert malformed == Unusable("Secret default/late has no key auth", AUTH_FILE.remedy)
