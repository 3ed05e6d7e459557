"""Canaries through the whole program, as Argo Rollouts and Flagger write them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from support.annotated import Manifest, ingress, served, write
from support.clients import Response, connect
from support.commands import ingressd
from support.pods import Pod, named, pod
from support.processes import Served
from support.program import Launch, running

HOST = "a.test"


def canary(
    name: str, service: str, paths: tuple[str, ...] = ("/",), *, host: str = HOST, **texts: str
) -> Manifest:
    """A canary of the Ingress of a host that leads to another Service."""
    manifest = ingress(name, host, paths, canary="true", **texts)
    return leading(manifest, service)


def leading(manifest: Manifest, service: str) -> Manifest:
    """The Ingress with another Service."""
    encoded = msgspec.json.encode(manifest).replace(
        b'"name":"web"', b'"name":"%b"' % service.encode()
    )
    return dict(msgspec.json.decode(encoded))


def flags(**pods: Pod) -> list[str]:
    """What leads Services to pods of the test."""
    pairs = ((f"{name}=127.0.0.1:{each.port}") for name, each in pods.items())
    return [word for pair in pairs for word in ("--backend", pair)]


@asynccontextmanager
async def serving(folder: Path, *objects: Manifest) -> AsyncIterator[Served]:
    """With the Services web, new and next, whose pods answer with these names."""
    async with AsyncExitStack() as stack:
        web, new, following = [
            await stack.enter_async_context(pod(named(name))) for name in (b"web", b"new", b"next")
        ]
        others = flags(new=new, next=following)
        yield await stack.enter_async_context(served(folder, web.port, *objects, flags=others))


async def fetch(
    port: int, path: bytes = b"/", host: bytes = HOST.encode(), extra: bytes = b""
) -> Response:
    """One answer, on a connection of its own."""
    async with connect(port) as client:
        return await client.get(path, host, extra)


async def answers(port: int, *extras: bytes) -> list[bytes]:
    """Who answers a request with each of these header fields."""
    return [(await fetch(port, extra=extra)).body for extra in extras]


async def shares(port: int, count: int) -> Counter[bytes]:
    async with connect(port) as client:
        return Counter([(await client.get()).body for _ in range(count)])


MAIN = ingress("web", HOST)


async def test_header_before_cookie_before_weight(tmp_path: Path) -> None:
    new = canary(
        "new", "new", canary_by_header="X-Canary", canary_by_cookie="beta", canary_weight="0"
    )
    async with serving(tmp_path, MAIN, new) as program:
        assert await answers(
            program.http,
            b"",
            b"X-Canary: always\r\n",
            b"X-Canary: never\r\n",
            b"X-Canary: badheadervalue\r\n",
            b"Cookie: beta=always\r\n",
            b"Cookie: beta=never\r\n",
            b"Cookie: beta=badcookievalue\r\n",
            b"X-Canary: never\r\nCookie: beta=always\r\n",
            b"X-Canary: always\r\nCookie: beta=never\r\n",
        ) == [b"web", b"new", b"web", b"web", b"new", b"web", b"web", b"web", b"new"]


VALUES: tuple[tuple[dict[str, str], list[bytes]], ...] = (
    ({"canary_by_header_value": "DoCanary"}, [b"new", b"web", b"web", b"web"]),
    ({"canary_by_header_pattern": "^Do[A-Z][a-z]+"}, [b"new", b"web", b"web", b"web"]),
    (
        {"canary_by_header_value": "always", "canary_by_header_pattern": ".*"},
        [b"web", b"new", b"web", b"web"],
    ),
    (
        {"canary_by_header_pattern": "[][**da?$&*", "canary_weight": "100"},
        [b"web", b"web", b"web", b"web"],
    ),
)


async def test_a_header_with_values_of_its_own(tmp_path: Path) -> None:
    hosts = [f"{number}.test" for number in range(len(VALUES))]
    mains = [ingress(f"main-{host}", host) for host in hosts]
    canaries = [
        canary(f"new-{host}", "new", host=host, canary_by_header="X-Canary", **texts)
        for host, (texts, _) in zip(hosts, VALUES, strict=True)
    ]
    said = [b"X-Canary: %b\r\n" % text for text in (b"DoCanary", b"always", b"docanary", b"never")]
    async with serving(tmp_path, *mains, *canaries) as program:
        for host, (texts, expected) in zip(hosts, VALUES, strict=True):
            found = [(await fetch(program.http, b"/", host.encode(), each)).body for each in said]
            assert found == expected, texts


async def test_weights_of_several_canaries(tmp_path: Path) -> None:
    new = canary("new", "new", canary_weight="300", canary_weight_total="1000")
    following = canary("next", "next", canary_weight="50")
    async with serving(tmp_path, MAIN, new, following) as program:
        counts = await shares(program.http, 600)
    assert abs(counts[b"new"] - 180) < 60
    assert abs(counts[b"next"] - 300) < 70
    assert abs(counts[b"web"] - 120) < 60


async def test_everything_and_nothing(tmp_path: Path) -> None:
    async with serving(tmp_path, MAIN, canary("new", "new", canary_weight="100")) as program:
        assert await shares(program.http, 40) == {b"new": 40}
        assert await answers(program.http, b"X-Canary: never\r\n") == [b"new"]


async def test_what_is_set_on_the_main_ingress_holds_for_the_canary(tmp_path: Path) -> None:
    main = ingress("web", HOST, ["/x(/|$)(.*)"], rewrite_target="/$2", enable_cors="true")
    new = canary(
        "new", "new", ("/x(/|$)(.*)",), canary_weight="100", denylist_source_range="0.0.0.0/0"
    )
    async with serving(tmp_path, main, new) as program:
        answer = await fetch(program.http, b"/x/y", extra=b"Origin: http://b.test\r\n")
    assert (answer.status, answer.body) == (200, b"new")
    assert answer.value(b"access-control-allow-origin") == b"*"


def cookie_of(answer: Response) -> bytes:
    line = answer.value(b"set-cookie")
    assert line is not None
    return b"Cookie: %b\r\n" % line.partition(b";")[0]


STICKY = ingress("web", HOST, affinity="cookie", session_cookie_name="SERVERID")


@pytest.mark.parametrize("texts", [{}, {"affinity_canary_behavior": "sticky"}])
async def test_clients_stay_with_the_canary_and_with_the_main_one(
    tmp_path: Path, texts: dict[str, str]
) -> None:
    new = canary("new", "new", canary_by_header="X-Canary", **texts)
    async with serving(tmp_path, STICKY, new) as program:
        to_new = await fetch(program.http, extra=b"X-Canary: always\r\n")
        to_main = await fetch(program.http)
        assert (to_new.body, to_main.body) == (b"new", b"web")
        always = b"X-Canary: always\r\n"
        assert await answers(
            program.http, cookie_of(to_new), cookie_of(to_main), cookie_of(to_main) + always
        ) == [b"new", b"web", b"web"]


async def test_legacy_canaries_set_no_cookie_and_keep_nobody(tmp_path: Path) -> None:
    new = canary("new", "new", canary_by_header="X-Canary", affinity_canary_behavior="legacy")
    async with serving(tmp_path, STICKY, new) as program:
        answer = await fetch(program.http, extra=b"X-Canary: always\r\n")
        assert (answer.body, answer.value(b"set-cookie")) == (b"new", None)
        assert (await fetch(program.http)).value(b"set-cookie") is not None


async def test_same_site_none_is_left_out_for_browsers_that_misread_it(tmp_path: Path) -> None:
    texts = {"session_cookie_samesite": "None", "session_cookie_conditional_samesite_none": "true"}
    async with serving(tmp_path, ingress("web", HOST, affinity="cookie", **texts)) as program:
        old = await fetch(program.http, extra=b"User-Agent: Chrome/58.0\r\n")
        new = await fetch(program.http, extra=b"User-Agent: Chrome/120.0\r\n")
    assert b"SameSite" not in (old.value(b"set-cookie") or b"")
    assert b"SameSite=None" in (new.value(b"set-cookie") or b"")


async def test_a_canary_without_endpoints_or_main_ingress_takes_nothing(tmp_path: Path) -> None:
    gone = canary("gone", "gone", canary_weight="100")
    alone = leading(ingress("alone", "b.test", canary="true", canary_weight="100"), "new")
    async with serving(tmp_path, MAIN, gone, alone) as program:
        assert await shares(program.http, 10) == {b"web": 10}
        assert (await fetch(program.http, host=b"b.test")).status == 404


async def test_half_a_canary_takes_nothing_of_the_main_ingress(tmp_path: Path) -> None:
    half = leading(ingress("a-half", HOST, canary_weight="100"), "new")
    async with serving(tmp_path, half, MAIN) as program:
        assert await shares(program.http, 10) == {b"web": 10}


async def test_the_weight_changes_while_it_is_served(tmp_path: Path) -> None:
    async with serving(tmp_path, MAIN, canary("new", "new", canary_weight="0")) as program:
        assert await shares(program.http, 10) == {b"web": 10}
        write(tmp_path, MAIN, canary("new", "new", canary_weight="100"))
        async with connect(program.http) as client:
            while (await client.get()).body != b"new":
                pass
        assert await shares(program.http, 10) == {b"new": 10}


async def test_metrics_and_the_access_log_name_the_service(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    write(tmp_path / "objects", MAIN, canary("new", "new", canary_by_header="X-Canary"))
    log = tmp_path / "log"
    async with pod(named(b"web")) as web, pod(named(b"new")) as new:
        launch = Launch(
            tmp_path / "objects", tmp_path, tuple(flags(web=web, new=new)), workers=1, stdout=log
        )
        async with running(launch) as program:
            await fetch(program.http, extra=b"X-Canary: always\r\n")
            for service, count in (("default/new:80", 1), ("default/web:80", 0)):
                _, text = await program.page("/metrics")
                assert text.count(f'service="{service}"') == count
            await program.stop()
    assert json.loads(log.read_text())["service"] == "default/new:80"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("X-Canary: always", "the header X-Canary gives it to default/new:80"),
        ("X-Canary: never", "no header and no cookie gives it to a canary"),
        ("X-Other: 1", "chance decides: 20 % go to default/new:80 (canary default/new)"),
    ],
)
def test_explain_says_who_takes_it(tmp_path: Path, header: str, words: str) -> None:
    write(tmp_path, MAIN, canary("new", "new", canary_by_header="X-Canary", canary_weight="20"))
    backends = ["--backend", "web=127.0.0.1:1", "--backend", "new=127.0.0.1:2"]
    done = ingressd("explain", f"http://{HOST}/", "-H", header, "--manifests", tmp_path, *backends)
    assert words in " ".join(done.output.split())
