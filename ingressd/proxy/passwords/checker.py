"""Checks passwords beside the event loop, and remembers what it found.

A hash is made to be slow: 50 ms is usual for bcrypt. So hashes are made in a few threads that give
way to everything else, no client may have more than its share of the queue, and who has logged in
is let in at once for a while. What is remembered can be read by nobody: it is hashed with a key
that only this process has, together with the version of the Secret, so that a change of the Secret
ends it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import blake2b

from ingressd.proxy.clock import Clock
from ingressd.proxy.passwords.credentials import Credentials
from ingressd.proxy.passwords.hashing import is_password_of
from ingressd.proxy.passwords.remembered import Remembered
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import UserForm
from ingressd.routing.users import read_users

_LOG = logging.getLogger(__name__)

THREADS = 2
MOST_WAITING = 64
"""Checks under way or queued in a worker; of those of one client address, MOST_OF_A_CLIENT."""

MOST_OF_A_CLIENT = 16

ADMITTED_SECONDS = 600.0
REFUSED_SECONDS = 60.0
REMEMBERED = 4096

_NICENESS = 10  # of the threads: they get a tenth of the time while the event loop wants it all
_MOST_FILES = 256


class Overloaded(Exception):
    """Too many passwords wait to be checked."""


class PasswordChecker:
    """Owner of the threads and of what is remembered, for all routes of a worker."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(blake2b.MAX_KEY_SIZE)
        self._admitted = Remembered(ADMITTED_SECONDS, REMEMBERED)
        self._refused = Remembered(REFUSED_SECONDS, REMEMBERED)
        self._threads = ThreadPoolExecutor(THREADS, "passwords", _give_way)
        self._files = UserFiles()
        self._under_way: dict[bytes, asyncio.Future[bool]] = {}
        self._of_client: Counter[str] = Counter()

    def recall(self, mark: bytes) -> bool | None:
        """Whether the credentials of a mark are good, None where that is not known by now."""
        now = self._clock.now
        if self._admitted.has(mark, now):
            return True
        return False if self._refused.has(mark, now) else None

    def mark(self, secret: SecretMaterial, form: UserForm, who: Credentials) -> bytes:
        """What credentials for a Secret are remembered by, as long as that does not change."""
        made = blake2b(digest_size=32, key=self._key)
        for part in (secret.key.encode(), secret.version.encode(), form.value.encode(), *who):
            made.update(len(part).to_bytes(8) + part)
        return made.digest()

    async def check(
        self, secret: SecretMaterial, form: UserForm, who: Credentials, client: str
    ) -> bool:
        """Whether they are good. Equal ones at the same time are checked once, and to the end
        whether or not anybody still waits. Raises Overloaded."""
        mark = self.mark(secret, form, who)
        checking = self._under_way.get(mark)
        if checking is None:
            checking = self._begin(mark, client, partial(self._is_good, secret, form, who))
        return await asyncio.shield(checking)

    def close(self) -> None:
        """Check no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, mark: bytes, client: str, is_good: partial[bool]) -> asyncio.Future[bool]:
        if len(self._under_way) >= MOST_WAITING or self._of_client[client] >= MOST_OF_A_CLIENT:
            raise Overloaded
        checking = self._clock.loop.run_in_executor(self._threads, is_good)
        self._under_way[mark] = checking
        self._of_client[client] += 1
        checking.add_done_callback(partial(self._end, mark, client))
        return checking

    def _end(self, mark: bytes, client: str, checked: asyncio.Future[bool]) -> None:
        del self._under_way[mark]
        self._of_client[client] -= 1
        if not self._of_client[client]:
            del self._of_client[client]
        if checked.cancelled() or checked.exception() is not None:
            return
        found = self._admitted if checked.result() else self._refused
        found.add(mark, self._clock.now)

    def _is_good(self, secret: SecretMaterial, form: UserForm, who: Credentials) -> bool:
        """Runs in a thread. For a user that does not exist, a hash of one that does is checked, so
        that both take the same time."""
        users = self._files.read(secret, form)
        hashed = users.get(who.user)
        if hashed is not None:
            return is_password_of(who.password, hashed)
        if users:
            is_password_of(who.password, self._decoy(users, who.user))
        return False

    def _decoy(self, users: dict[bytes, bytes], user: bytes) -> bytes:
        """Always the same one for a user, so that asking again tells nothing."""
        number = int.from_bytes(blake2b(user, digest_size=8, key=self._key).digest())
        return list(users.values())[number % len(users)]


class UserFiles:
    """Owner of the users that Secrets hold, read again where one has changed. For all threads."""

    def __init__(self) -> None:
        self._read: dict[tuple[str, UserForm], tuple[str, dict[bytes, bytes]]] = {}

    def read(self, secret: SecretMaterial, form: UserForm) -> dict[bytes, bytes]:
        """The hashes that can be checked, by user."""
        version, hashes = self._read.get((secret.key, form), ("", {}))
        if version != secret.version:
            hashes = read_users(secret.entries, form).hashes
            if len(self._read) >= _MOST_FILES:
                self._read.clear()
            self._read[secret.key, form] = (secret.version, hashes)
        return hashes


def _give_way() -> None:
    """Linux has a niceness for each thread. Some sandboxes do not let it be set."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
    except OSError as error:
        _LOG.warning("passwords are checked at the pace of all else: %s", error)
