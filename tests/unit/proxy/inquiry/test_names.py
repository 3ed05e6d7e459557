"""Where the names of Services lead without DNS."""

from __future__ import annotations

import pytest
from support.proxies import environment, upstream

from ingressd.proxy.inquiry.names import Names, endpoints_in, none_known
from ingressd.proxy.upstream.pool import Pool
from ingressd.routing.model import Backend, Endpoint

AUTH = Backend("sso", "auth", "80")


def pool_with(*ports: int) -> Pool:
    pool = environment().pool
    pool.put(upstream(ports, AUTH))
    return pool


async def test_a_service_that_is_known_leads_to_its_endpoints() -> None:
    names = Names(endpoints_in(pool_with(7001, 7002)))
    found = await names.resolve("auth.sso.svc.cluster.local", 80)
    assert {(each["host"], each["port"]) for each in found} == {
        ("127.0.0.1", 7001),
        ("127.0.0.1", 7002),
    }
    await names.close()


async def test_a_question_goes_where_an_endpoint_is() -> None:
    names = Names(lambda host, port: [Endpoint("127.0.0.2", 7003)] if host == "a.b.svc" else ())
    (found,) = await names.resolve("a.b.svc", 80)
    assert (found["hostname"], found["host"], found["port"]) == ("a.b.svc", "127.0.0.2", 7003)
    await names.close()


@pytest.mark.parametrize(("host", "port"), [("auth.sso.svc", 81), ("other.sso.svc", 80)])
async def test_any_other_is_for_dns(host: str, port: int) -> None:
    assert not endpoints_in(pool_with(7001))(host, port)


async def test_so_is_one_without_endpoints() -> None:
    assert not endpoints_in(pool_with())("auth.sso.svc", 80)


async def test_where_dns_knows_every_name_the_port_stays() -> None:
    names = Names(none_known)
    (found,) = await names.resolve("127.0.0.1", 4180)
    assert (found["host"], found["port"]) == ("127.0.0.1", 4180)
    await names.close()
