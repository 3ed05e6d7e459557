from __future__ import annotations

import asyncio

import pytest
from multidict import CIMultiDict
from support.pods import OK, Visit, answering, free_port, pod
from yarl import URL

from ingressd.proxy.inquiry.courier import LONGEST_BODY, Courier, Question, Unanswered
from ingressd.routing.policy import Timeouts

QUICK = Timeouts(connect=1, read=1)


def question(port: int, method: str = "GET", **fields: str) -> Question:
    url = URL(f"http://127.0.0.1:{port}/", encoded=True)
    return Question(method, url, CIMultiDict({"Host": "auth.test", **fields}))


async def test_only_the_fields_that_are_given_are_sent() -> None:
    courier = Courier()
    async with pod(answering(OK)) as service:
        reply = await courier.ask(question(service.port, Cookie="a=b"), QUICK)
        assert (reply.status, dict(reply.fields)) == (200, {b"Content-Length": b"2"})
        assert service.requests[0].raw_head == (
            b"GET / HTTP/1.1\r\nHost: auth.test\r\nCookie: a=b\r\n\r\n"
        )
    await courier.close()


async def test_cookies_are_not_kept_and_redirects_not_followed() -> None:
    fields = b"Location: /elsewhere\r\nSet-Cookie: a=1\r\nContent-Length: 0\r\n"
    moved = b"HTTP/1.1 302 Found\r\n%b\r\n" % fields
    courier = Courier()
    async with pod(answering(moved)) as service:
        for _ in range(2):
            assert (await courier.ask(question(service.port), QUICK)).status == 302
        assert [asked.value(b"cookie") for asked in service.requests] == [None, None]
    await courier.close()


async def test_a_service_that_breaks_off_is_asked_twice_at_most() -> None:
    async def breaking(visit: Visit) -> None:
        await visit.request()

    courier = Courier()
    async with pod(breaking) as service:
        for method in ("GET", "POST"):
            with pytest.raises(Unanswered, match=r"(?i)disconnected"):
                await courier.ask(question(service.port, method), QUICK)
        assert len(service.requests) == 4
    await courier.close()


async def test_a_service_that_refuses_is_asked_once() -> None:
    courier = Courier()
    with pytest.raises(Unanswered, match="Cannot connect"):
        await courier.ask(question(free_port()), QUICK)
    await courier.close()


async def test_a_name_that_is_none_leads_nowhere() -> None:
    courier = Courier()
    unknown = Question("GET", URL("http://nobody.invalid/", encoded=True), CIMultiDict())
    with pytest.raises(Unanswered, match=r"nobody\.invalid"):
        await courier.ask(unknown, QUICK)
    await courier.close()


@pytest.mark.parametrize(("size", "connections"), [(LONGEST_BODY, 1), (1 << 20, 2)])
async def test_a_long_body_costs_the_connection(size: int, connections: int) -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (size, b"x" * size)
    courier = Courier()
    async with pod(answering(long)) as service:
        for _ in range(2):
            assert (await courier.ask(question(service.port), QUICK)).status == 200
        assert service.connections == connections
    await courier.close()


async def test_who_stops_waiting_closes_the_connection() -> None:
    hung_up = asyncio.Event()

    async def waiting(visit: Visit) -> None:
        await visit.request()
        await visit.reader.read()
        hung_up.set()

    courier = Courier()
    async with pod(waiting) as service:
        asking = asyncio.create_task(courier.ask(question(service.port), QUICK))
        await service.arrived.wait()
        asking.cancel()
        async with asyncio.timeout(5):
            await hung_up.wait()
    await courier.close()
