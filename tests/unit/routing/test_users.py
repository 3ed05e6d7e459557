from __future__ import annotations

import pytest

from ingressd.routing.policy import UserForm
from ingressd.routing.users import read_users

SHA = b"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="
APR1 = b"$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"
DES = b"abNANd1rDfiNc"
BCRYPT = b"$2y$%s$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u"
SHA512 = b"x" * 86


def hashes(text: bytes) -> dict[bytes, bytes]:
    return read_users({"auth": text, "more": b"joe:x"}, UserForm.FILE).hashes


def test_a_file_is_read_as_nginx_reads_it() -> None:
    text = b"".join(
        (
            b"# jane:%b\n" % SHA,
            b"\n",
            b"jane:%b\r\n" % SHA,
            b"joe:%b:since Monday\n" % APR1,
            b" spaced:%b\n" % DES,
            b"last:%b" % DES,
        )
    )
    assert hashes(text) == {b"jane": SHA, b"joe": APR1, b" spaced": DES, b"last": DES}


def test_a_map_has_a_user_for_each_key_and_no_more() -> None:
    entries = {"jane": SHA + b"\n", "joe": APR1 + b"\nroot:" + SHA, "ann": DES + b":x"}
    read = read_users(entries, UserForm.MAP)
    assert read.hashes == {b"jane": SHA, b"joe": APR1, b"ann": DES}
    assert read.faults == ()


def test_the_first_entry_of_a_user_counts_even_if_it_is_no_good() -> None:
    assert hashes(b"jane:%b\njane:%b" % (SHA, DES)) == {b"jane": SHA}
    assert hashes(b"jane:\njane:%b" % DES) == {}


@pytest.mark.parametrize(
    "hashed",
    [
        b"{PLAIN}", b"{PLAIN}two words", SHA, b"{SSHA}" + b"A" * 28, b"{SSHA}" + b"A" * 31 + b"=",
        APR1, b"$apr1$$" + b"x" * 22, b"$1$ab$" + b"x" * 22, BCRYPT % b"04", BCRYPT % b"15",
        b"$5$salt$" + b"x" * 43, b"$5$rounds=1000000$salt$" + b"x" * 43, b"$6$salt$" + SHA512,
        DES, b"_" + b"x" * 19,
    ],
)  # fmt: skip
def test_hashes_that_can_be_checked(hashed: bytes) -> None:
    assert hashes(b"jane:" + hashed) == {b"jane": hashed}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"jane:", "line 1: no hash that can be checked"),
        (b"jane:secret", "line 1: no hash that can be checked"),
        (b"jane:$y$j9T$salt$" + b"x" * 43, "line 1: no hash that can be checked"),
        (b"jane:{sha}" + SHA[5:], "line 1: no hash that can be checked"),
        (b"jane:{SSHA}" + b"A" * 27 + b"=", "line 1: no hash that can be checked"),
        (b"jane:" + SHA + b" ", "line 1: no hash that can be checked"),
        (b"jane:$5$salt$" + SHA512, "line 1: no hash that can be checked"),
        (b"jane", "line 1: no user before a colon"),
        (b":" + SHA, "line 1: no user before a colon"),
        (b"jane:" + BCRYPT % b"16", "line 1: bcrypt with a cost above 15 takes too long"),
        (b"a:$6$rounds=1000001$s$" + SHA512, "line 1: more than 1000000 rounds take too long"),
        (b"#\na:%b\na:%b" % (SHA, SHA), "line 3: its user stands further up already"),
    ],
)
def test_what_nobody_can_log_in_with_is_told_without_showing_it(line: bytes, fault: str) -> None:
    assert read_users({"auth": line}, UserForm.FILE).faults == (fault,)


def test_a_key_of_a_map_is_named() -> None:
    faults = read_users({"jane": b"secret"}, UserForm.MAP).faults
    assert faults == ("key jane: no hash that can be checked",)


def test_no_hash_is_shown() -> None:
    read = read_users({"auth": b"jane:%b\njoe:x" % SHA}, UserForm.FILE)
    assert repr(read) == "Users(faults=('line 2: no hash that can be checked',))"


def test_without_the_key_there_is_nobody() -> None:
    assert read_users({}, UserForm.FILE) == ({}, ())
