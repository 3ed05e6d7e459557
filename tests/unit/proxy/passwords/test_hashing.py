from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from support.hashes import OF_SECRET, PASSWORD

from ingressd.proxy.passwords import libcrypt
from ingressd.proxy.passwords.hashing import is_password_of
from ingressd.routing.policy import UserForm
from ingressd.routing.users import read_users


@pytest.mark.parametrize("hashed", OF_SECRET.values(), ids=list(OF_SECRET))
def test_every_form_that_is_let_in_can_be_checked(hashed: bytes) -> None:
    assert read_users({"auth": b"jane:" + hashed}, UserForm.FILE).hashes == {b"jane": hashed}
    assert is_password_of(PASSWORD, hashed)
    assert not is_password_of(b"Secret", hashed)
    assert not is_password_of(b"", hashed)
    assert not is_password_of(hashed, hashed)


@pytest.mark.parametrize(
    "hashed", [b"{SSHA}" + b"A" * 29, b"{SHA}" + b"A" * 29, b"$6$s$" + b"x" * 86, b"*0", b"", b"x"]
)
def test_what_is_no_hash_is_nobodys(hashed: bytes) -> None:
    assert not any(is_password_of(password, hashed) for password in (b"", b"x", b"*0", hashed))


def test_a_password_is_not_cut_where_the_library_takes_no_longer_one() -> None:
    assert not is_password_of(PASSWORD * 200, OF_SECRET["sha512"])


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(libcrypt, "_NAMES", ("no-such-library.so",))
    libcrypt._library.cache_clear()
    yield
    libcrypt._library.cache_clear()


@pytest.mark.usefixtures("no_library")
def test_without_the_library_nobody_gets_in_and_it_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        good = {name for name, each in OF_SECRET.items() if is_password_of(PASSWORD, each)}
    assert good == {"plain", "sha", "ssha", "apr1"}
    assert ["there is no libcrypt" in record.message for record in caplog.records] == [True]
