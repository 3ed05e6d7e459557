from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from support.hashes import OF_SECRET
from support.waiting import until

from ingressd.proxy.clock import Clock
from ingressd.proxy.passwords import checker
from ingressd.proxy.passwords.checker import (
    ADMITTED_SECONDS,
    MOST_OF_A_CLIENT,
    MOST_WAITING,
    REFUSED_SECONDS,
    Overloaded,
    PasswordChecker,
)
from ingressd.proxy.passwords.credentials import Credentials
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import UserForm

JANE = Credentials(b"jane", b"secret")
WRONG = Credentials(b"jane", b"wrong")
NOBODY = Credentials(b"nobody", b"secret")
CLIENT = "192.0.2.1"


def users(version: str = "1", hashed: bytes = OF_SECRET["sha"]) -> SecretMaterial:
    entries = {"auth": b"jane:%b\nann:%b\n" % (hashed, OF_SECRET["apr1"])}
    return SecretMaterial("default/users", version, entries)


SECRET = users()


class Slow:
    """Hashes that take until they are let go."""

    def __init__(self) -> None:
        self.checked: list[tuple[bytes, bytes]] = []
        self.go = threading.Event()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.checked.append((password, hashed))
        assert self.go.wait(10)
        return password == JANE.password


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    hashing = Slow()
    monkeypatch.setattr(checker, "is_password_of", hashing)
    yield hashing
    hashing.go.set()


@pytest.fixture
async def passwords() -> AsyncIterator[PasswordChecker]:
    made = PasswordChecker(Clock(asyncio.get_running_loop()))
    yield made
    made.close()


async def check(passwords: PasswordChecker, who: Credentials, client: str = CLIENT) -> bool:
    return await passwords.check(SECRET, UserForm.FILE, who, client)


def known(passwords: PasswordChecker, who: Credentials, secret: SecretMaterial = SECRET) -> object:
    return passwords.recall(passwords.mark(secret, UserForm.FILE, who))


async def test_who_is_good_is_known_afterwards(passwords: PasswordChecker) -> None:
    everybody = (JANE, WRONG, NOBODY)
    assert [known(passwords, who) for who in everybody] == [None] * 3
    assert [await check(passwords, who) for who in everybody] == [True, False, False]
    assert [known(passwords, who) for who in everybody] == [True, False, False]


async def test_what_is_known_does_not_last(passwords: PasswordChecker) -> None:
    for who in (JANE, WRONG):
        await check(passwords, who)
    passwords._clock.now += REFUSED_SECONDS
    assert [known(passwords, who) for who in (JANE, WRONG)] == [True, None]
    passwords._clock.now += ADMITTED_SECONDS
    assert known(passwords, JANE) is None


async def test_a_change_of_the_secret_ends_it(passwords: PasswordChecker) -> None:
    await check(passwords, JANE)
    changed = users("2", OF_SECRET["plain"].replace(b"secret", b"wrong"))
    assert known(passwords, JANE, changed) is None
    assert not await passwords.check(changed, UserForm.FILE, JANE, CLIENT)
    assert await passwords.check(changed, UserForm.FILE, WRONG, CLIENT)


async def test_other_secrets_and_forms_know_nothing_of_it(passwords: PasswordChecker) -> None:
    await check(passwords, JANE)
    other = SecretMaterial("other/users", SECRET.version, SECRET.entries)
    assert known(passwords, JANE, other) is None
    assert passwords.recall(passwords.mark(SECRET, UserForm.MAP, JANE)) is None
    assert not await passwords.check(SECRET, UserForm.MAP, JANE, CLIENT)


async def test_user_and_password_are_not_run_together(passwords: PasswordChecker) -> None:
    marks = {
        passwords.mark(SECRET, UserForm.FILE, Credentials(user, password))
        for user, password in ((b"ab", b"c"), (b"a", b"bc"), (b"abc", b""))
    }
    assert len(marks) == 3


async def test_equal_credentials_are_checked_once_at_a_time(
    passwords: PasswordChecker, slow: Slow
) -> None:
    asked = [asyncio.create_task(check(passwords, JANE)) for _ in range(MOST_WAITING * 2)]
    await until(lambda: bool(slow.checked))
    slow.go.set()
    assert await asyncio.gather(*asked) == [True] * len(asked)
    assert len(slow.checked) == 1


async def test_who_leaves_takes_nothing_from_others(passwords: PasswordChecker, slow: Slow) -> None:
    leaving, staying = (asyncio.create_task(check(passwords, JANE)) for _ in range(2))
    await until(lambda: bool(slow.checked))
    leaving.cancel()
    await asyncio.wait([leaving])
    slow.go.set()
    assert await staying
    assert known(passwords, JANE) is True


async def test_for_a_user_that_does_not_exist_one_that_does_is_checked(
    passwords: PasswordChecker, slow: Slow
) -> None:
    slow.go.set()
    for number in range(20):
        nobody = Credentials(b"nobody%d" % number, b"secret")
        assert [await check(passwords, nobody), known(passwords, nobody)] == [False, False]
    hashes = {hashed for _, hashed in slow.checked}
    assert hashes == {OF_SECRET["sha"], OF_SECRET["apr1"]}
    assert len(slow.checked) == 20
    assert [passwords._decoy({b"a": b"1", b"b": b"2"}, b"x") for _ in range(3)] in (
        [b"1"] * 3,
        [b"2"] * 3,
    )


async def test_without_users_nobody_gets_in(passwords: PasswordChecker) -> None:
    empty = SecretMaterial("default/users", "0", {"auth": b"# nobody yet\n"})
    assert not await passwords.check(empty, UserForm.FILE, JANE, CLIENT)


def wrong(number: int) -> Credentials:
    return Credentials(b"jane", b"%d" % number)


async def test_no_client_has_more_than_its_share(passwords: PasswordChecker, slow: Slow) -> None:
    flood = [
        asyncio.create_task(check(passwords, wrong(number))) for number in range(MOST_OF_A_CLIENT)
    ]
    await until(lambda: len(passwords._under_way) == MOST_OF_A_CLIENT)
    with pytest.raises(Overloaded):
        await check(passwords, wrong(-1))
    other = asyncio.create_task(check(passwords, JANE, "192.0.2.2"))
    slow.go.set()
    assert await other
    assert await asyncio.gather(*flood) == [False] * MOST_OF_A_CLIENT
    assert await check(passwords, JANE), "when it is over, it may ask again"


async def test_the_queue_has_an_end(passwords: PasswordChecker, slow: Slow) -> None:
    flood = [
        asyncio.create_task(check(passwords, wrong(number), str(number)))
        for number in range(MOST_WAITING)
    ]
    await until(lambda: len(passwords._under_way) == MOST_WAITING)
    with pytest.raises(Overloaded):
        await check(passwords, JANE, "192.0.2.2")
    slow.go.set()
    await asyncio.gather(*flood)
    assert passwords._of_client == {}
    assert await check(passwords, JANE, "192.0.2.2")


async def test_a_check_that_fails_admits_nobody_and_is_not_remembered(
    passwords: PasswordChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(password: bytes, hashed: bytes) -> bool:
        raise OSError("no memory")

    monkeypatch.setattr(checker, "is_password_of", fail)
    with pytest.raises(OSError, match="no memory"):
        await check(passwords, JANE)
    assert known(passwords, JANE) is None
    monkeypatch.undo()
    assert await check(passwords, JANE)


async def test_threads_give_way_to_everything_else(
    passwords: PasswordChecker, monkeypatch: pytest.MonkeyPatch
) -> None:
    niceness = []

    def note(password: bytes, hashed: bytes) -> bool:
        niceness.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return True

    monkeypatch.setattr(checker, "is_password_of", note)
    await check(passwords, JANE)
    assert niceness == [10]


async def test_where_they_may_not_they_work_all_the_same(
    passwords: PasswordChecker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(which: int, who: int, priority: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "setpriority", refuse)
    assert await check(passwords, JANE)
    assert "Operation not permitted" in caplog.text


async def test_what_waits_at_the_end_is_given_up(passwords: PasswordChecker, slow: Slow) -> None:
    asked = [asyncio.create_task(check(passwords, wrong(number))) for number in range(5)]
    await until(lambda: len(slow.checked) == checker.THREADS)
    passwords.close()
    slow.go.set()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert ends[:2] == [False, False]
    assert [type(end) for end in ends[2:]] == [asyncio.CancelledError] * 3
