"""The table of the moment, and what is remembered of it."""

from __future__ import annotations

from ingressd.proxy.current_table import REMEMBERED_NAMES, CurrentTable
from ingressd.routing.delta import Delta
from ingressd.routing.model import Host

PLAIN, SECURE = Host("a.test"), Host("a.test", has_tls=True)


def current(host: Host) -> CurrentTable:
    made = CurrentTable()
    made.apply(Delta(1, reset=True, hosts=(host,)))
    return made


def test_it_begins_with_nothing() -> None:
    assert not CurrentTable().has_tls("a.test")
    assert CurrentTable().table.generation == 0


def test_what_is_remembered_ends_with_the_table_it_was_true_of() -> None:
    made = current(PLAIN)
    assert [made.has_tls(name) for name in ("a.test", "a.test", "b.test")] == [False] * 3
    made.apply(Delta(2, hosts=(SECURE,)))
    assert [made.has_tls(name) for name in ("a.test", "a.test", "b.test")] == [True, True, False]


def test_names_that_clients_make_up_take_no_more_than_so_much_memory() -> None:
    made = current(SECURE)
    for number in range(REMEMBERED_NAMES + 10):
        made.has_tls(f"{number}.test")
    assert len(made._tls_names) == 10
    assert made.has_tls("a.test")
