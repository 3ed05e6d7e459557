"""What a pod is asked for after a rewrite: the same as of an nginx set up by ingress-nginx."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from support.clients import Client, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import Pod, pod
from support.proxies import proxy, route, upstream

from ingressd.routing.delta import Delta
from ingressd.routing.model import Host, PathKind
from ingressd.routing.policy import Policy, Rewrite

pytestmark = needs_nginx

RULES = (
    ("/groups/(a|b)/(.*)", "/$2/$1"),
    ("/deep(/|$)(.*)", "/$2"),
    ("/flat", "/"),
    ("/keep(/.*)?$", "$1"),
    ("/bare/(.*)", "$1"),
    ("/fixed/x", "/new/backend"),
    ("/twice/([^/]+)/([^/]+)", "/$2-$1-$2/$3"),
    ("/one|/other", "/alternative"),
    ("/away/(.*)", "https://new.test/$1"),
    ("/away/plain", "http://new.test/x"),
    ("/Upper/(.*)", "/lower/$1"),
)
TARGETS = (
    b"/groups/a/x/y", b"/groups/b/", b"/groups/c/x", b"/groups/a/x?q=%2F&r", b"/groups/a/?q",
    b"/deep", b"/deep/", b"/deep/x", b"/deeper", b"/deep/x/?a=b", b"/deep?x", b"/DEEP/X",
    b"/flat", b"/flat/x", b"/flatter", b"/flat?q=1", b"/flat/%2e%2e/flat",
    b"/keep/x", b"/keep/", b"/keep",
    b"/bare/x", b"/bare/x/y", b"/bare/",
    b"/fixed/x", b"/fixed/x/y/z", b"/fixed/xy?z",
    b"/twice/1/2", b"/twice/1/2/3",
    b"/one", b"/other", b"/x/other", b"/other/x",
    b"/away/x", b"/away/x?y=z", b"/away/plain", b"/away/", b"/away/a%20b",
    b"/upper/x", b"/UPPER/x",
    b"/deep/a%20b", b"/deep/a%2Fb", b"/deep/%C3%A9", b"/deep/%FF", b"/deep/a%3Fb", b"/deep/a%23b",
    b"/deep/a%25b", b"/deep//x", b"/deep/./x/../y", b"//deep/x", b"/deep/a+b;c=d,e",
    *(b"/deep/%%%02x" % octet for octet in range(1, 256)), b"/deep/[]|\\^`{}\"<>",
)  # fmt: skip

INTENDED = {
    b"/bare/x": ((200, b"x"), (200, b"/x")),
    b"/bare/x/y": ((200, b"x/y"), (200, b"/x/y")),
    b"/x/other": ((200, b"/alternative"), (404, None)),
}
"""What nginx does, and what we do: a request target begins with "/", and all of a path's
alternatives begin where the path does."""


def locations(port: int) -> str:
    """In ingress-nginx's order: the longest path first, the lexically greatest of equal ones."""
    descending = sorted(RULES, reverse=True)
    return "".join(
        f'location ~* "^{path}" {{ rewrite "(?i){path}" {target} break; '
        f"proxy_pass http://127.0.0.1:{port}; }}\n"
        for path, target in sorted(descending, key=lambda rule: -len(rule[0]))
    )


def table(port: int) -> Delta:
    descending = sorted(RULES, reverse=True)
    routes = tuple(
        route(path, PathKind.REGEX, policy=Policy(rewrite=Rewrite(target)))
        for path, target in sorted(descending, key=lambda rule: -len(rule[0]))
    )
    host = Host("a.test", routes)
    return Delta(1, reset=True, hosts=(host,), upstreams=(upstream([port]),))


async def outcome(
    door: AbstractAsyncContextManager[Client], web: Pod, target: bytes
) -> tuple[int, bytes | None]:
    """The status, and the target that the pod saw or the Location."""
    web.requests.clear()
    async with door as client:
        answer = await client.get(target)
    if web.requests:
        return answer.status, web.requests[0].line.split(b" ")[1]
    return answer.status, answer.value(b"location")


async def test_every_target(tmp_path: Path) -> None:
    async with (
        pod() as web,
        nginx(tmp_path, server=locations(web.port)) as door,
        proxy(table(web.port)) as running,
    ):
        differences = {}
        for target in TARGETS:
            expected = await outcome(connect_to(door), web, target)
            got = await outcome(connect(running.port), web, target)
            if got != expected:
                differences[target] = (expected, got)
    assert differences == INTENDED
