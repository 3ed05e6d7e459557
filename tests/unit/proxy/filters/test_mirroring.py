"""Which requests are copied, and what becomes of one that cannot be."""

from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get, received

from ingressd.proxy.bodies.reading import BodyReader
from ingressd.proxy.bodies.temporary_files import TemporaryFiles
from ingressd.proxy.client.roles import Refusal
from ingressd.proxy.filters.mirroring import MirrorFilter, mirror
from ingressd.proxy.inquiry.courier import Courier
from ingressd.proxy.mirroring.copies import MOST, Copies
from ingressd.proxy.mirroring.copying import Copy
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.policy import Buffering, Mirror, Policy, Timeouts

WANTED = Mirror("http://m.test$request_uri")
CHUNKED = b"POST /a HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"


class Sent(Copies):
    """Keeps the copies instead of sending them."""

    def __init__(self) -> None:
        super().__init__(Courier(), Metrics())
        self.kept: list[Copy] = []

    @property
    def has_room(self) -> bool:
        return len(self.kept) < MOST

    @property
    def lost(self) -> int:
        return self._metrics.lost_copies

    def send(self, copy: Copy, timeouts: Timeouts) -> None:
        self.kept.append(copy)


class NoFiles(TemporaryFiles):
    """A worker without a folder to write to."""

    is_possible = False


def copying(asked: Mirror = WANTED, *, files: TemporaryFiles | None = None) -> MirrorFilter:
    """With a reader of bodies that keeps four bytes in memory, and lets eight pass."""
    policy = Policy(body_limit=8, mirror=asked, buffering=Buffering(request_memory=4))
    own = route(policy=policy)
    reader = BodyReader(own, files or TemporaryFiles()) if asked.sends_body else None
    return MirrorFilter(own, asked, reader, Sent())


def sent(act: MirrorFilter) -> Sent:
    assert isinstance(act._copies, Sent)
    return act._copies


async def test_a_route_that_names_nobody_pays_nothing() -> None:
    assert mirror(route(), environment()) is None


@pytest.mark.parametrize("sends_body", [True, False])
async def test_bodies_are_read_only_where_they_are_copied(sends_body: bool) -> None:
    asked = Mirror("http://m.test/", sends_body=sends_body)
    made = mirror(route(policy=Policy(mirror=asked)), environment())
    assert made is not None
    assert (made._reader is not None) == sends_body


async def test_a_request_that_has_come_whole_is_copied_at_once() -> None:
    act = copying()
    assert act(get(b"/a?b"), None) is None
    assert act(received(CHUNKED + b"2\r\nhi\r\n0\r\n\r\n"), None) is None
    assert [str(copy.question.url) for copy in sent(act).kept] == [
        "http://m.test/a?b",
        "http://m.test/a",
    ]


async def test_an_upgrade_is_not_copied() -> None:
    act = copying()
    act(get(extra=b"Connection: Upgrade\r\nUpgrade: websocket\r\n"), None)
    assert (sent(act).kept, sent(act).lost) == ([], 0)


async def test_nobody_waits_for_a_body_that_is_not_copied() -> None:
    act = copying(Mirror("http://m.test/", sends_body=False))
    assert act(received(CHUNKED), None) is None
    assert len(sent(act).kept) == 1


@pytest.mark.parametrize("body", [b"12", b"123456"], ids=["in memory", "in a file"])
async def test_a_body_on_its_way_is_waited_for(body: bytes) -> None:
    act, request = copying(), received(CHUNKED + b"%x\r\n%b\r\n" % (len(body), body))
    wait = act(request, None)
    assert callable(wait)
    assert sent(act).kept == []
    request.payload.feed_eof()
    assert await wait() is None
    (copy,) = sent(act).kept
    assert copy.question.fields["Content-Length"] == str(len(body))
    copy.close()
    request.release_body()


async def test_a_body_that_is_refused_is_not_copied() -> None:
    act = copying()
    wait = act(received(CHUNKED + b"9\r\n123456789\r\n"), None)
    assert callable(wait)
    assert await wait() == Refusal(413)
    assert sent(act).kept == []


async def test_a_body_with_no_place_to_wait_goes_on_without_its_copy() -> None:
    act = copying(files=NoFiles())
    wait = act(received(CHUNKED + b"6\r\n123456\r\n"), None)
    assert callable(wait)
    assert await wait() is None
    assert (sent(act).kept, sent(act).lost) == ([], 1)


@pytest.mark.parametrize("url", ["http://$arg_host/", "http://[$arg_host/"])
async def test_a_url_that_makes_no_sense_is_a_lost_copy(url: str) -> None:
    act = copying(Mirror(url))
    assert act(get(), None) is None
    assert (sent(act).kept, sent(act).lost) == ([], 1)


async def test_where_too_many_are_under_way_it_is_lost() -> None:
    act = copying()
    for _ in range(MOST + 2):
        assert act(get(), None) is None
    assert (len(sent(act).kept), sent(act).lost) == (MOST, 2)
