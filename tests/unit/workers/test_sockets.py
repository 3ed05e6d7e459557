from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from ingressd.workers.sockets import (
    Addresses,
    CannotListen,
    Inherited,
    Listeners,
    bind_alone,
    bind_workers,
    port_of,
)

LOOPBACK = Addresses(("127.0.0.1",), 0, 0)


@pytest.fixture
def two_workers() -> Iterator[list[Listeners]]:
    bound = bind_workers(LOOPBACK, 2)
    yield bound
    for each in bound:
        each.close()


def test_every_worker_has_its_own_socket_on_the_same_port(two_workers: list[Listeners]) -> None:
    one, other = two_workers

    assert port_of(one.http[0]) == port_of(other.http[0])
    assert port_of(one.https[0]) == port_of(other.https[0])
    assert port_of(one.http[0]) != port_of(one.https[0])
    assert len({each.fileno() for each in (*one.all, *other.all)}) == 4


def test_clients_are_refused_until_a_worker_listens(two_workers: list[Listeners]) -> None:
    address = ("127.0.0.1", port_of(two_workers[0].http[0]))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)

    two_workers[0].http[0].listen()
    socket.create_connection(address).close()


def test_ipv4_and_ipv6_stand_side_by_side_on_one_port() -> None:
    (bound,) = bind_workers(Addresses(("127.0.0.1", "::1"), 0, 0), 1)

    assert [each.family for each in bound.http] == [socket.AF_INET, socket.AF_INET6]
    assert len({port_of(each) for each in bound.http}) == 1
    bound.close()


def test_a_port_that_another_process_shares_is_a_conflict_all_the_same() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = port_of(other)

        with pytest.raises(CannotListen) as raised:
            bind_workers(Addresses(("127.0.0.1",), port, 0), 1)

    assert str(raised.value) == (
        f"cannot listen on 127.0.0.1:{port}: address already in use "
        "(another process listens there; stop it or choose another port with --http-port)"
    )


def test_after_a_failure_nothing_stays_bound() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        socket.create_server(("127.0.0.1", 0)) as probe,
    ):
        free = port_of(probe)
        probe.close()
        with pytest.raises(CannotListen, match="another port with --https-port"):
            bind_workers(Addresses(("127.0.0.1",), free, port_of(taken)), 2)

    socket.create_server(("127.0.0.1", free)).close()


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(CannotListen, match=r"192\.0\.2\.1:0: .*no interface.*--address"):
        bind_alone(["192.0.2.1"], 0, "--admin-port")


def test_a_privileged_port_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(CannotListen) as raised:
        bind_workers(Addresses(("0.0.0.0",), 80, 443), 1)

    assert str(raised.value) == (
        "cannot listen on 0.0.0.0:80: permission denied "
        "(ports below 1024 need root or CAP_NET_BIND_SERVICE; try --http-port 8080)"
    )


def test_the_admin_port_is_one_port_on_every_address() -> None:
    bound = bind_alone(["127.0.0.1", "127.0.0.2"], 0, "--admin-port")

    assert len({port_of(each) for each in bound}) == 1
    for each in bound:
        each.close()


def handed_down(bound: list[Listeners]) -> Inherited:
    http = tuple(each for worker in bound for each in worker.http)
    return Inherited(http, tuple(each for worker in bound for each in worker.https))


BOTH_FAMILIES = Addresses(("127.0.0.1", "::1"), 0, 0)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_sockets_that_are_inherited_are_somebodys_whatever_the_number_of_workers(
    workers: int,
) -> None:
    before = bind_workers(BOTH_FAMILIES, 2)
    inherited = handed_down(before)
    now = bind_workers(BOTH_FAMILIES, workers, inherited)

    shared = [each for worker in now for each in worker.all]
    assert {*inherited.http, *inherited.https} <= set(shared)
    assert len(shared) == len(set(shared)) == 4 * max(workers, 2)
    for worker in now:
        assert {each.getsockname() for each in worker.http} == {
            each.getsockname() for each in before[0].http
        }
    for each in (*before, *now):
        each.close()


def test_what_is_inherited_and_not_asked_for_is_closed() -> None:
    before = bind_workers(BOTH_FAMILIES, 1)
    inherited = handed_down(before)
    (now,) = bind_workers(LOOPBACK, 1, inherited)
    inherited.close_all_but(now.all)

    assert [each.fileno() >= 0 for each in before[0].all] == [True, False, True, False]
    now.close()


def test_an_address_that_another_one_was_inherited_for_is_bound_anew() -> None:
    before = bind_workers(LOOPBACK, 1)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = port_of(probe)
    (now,) = bind_workers(Addresses(("127.0.0.1",), free, 0), 1, handed_down(before))

    assert port_of(now.http[0]) == free
    assert now.https == before[0].https
    for each in (*before, now):
        each.close()


def test_the_admin_port_is_inherited_as_it_is() -> None:
    before = bind_alone(["127.0.0.1", "127.0.0.2"], 0, "--admin-port")

    assert bind_alone(["127.0.0.1", "127.0.0.2"], 0, "--admin-port", before) == before
    for each in before:
        each.close()
