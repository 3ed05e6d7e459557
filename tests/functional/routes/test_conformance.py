"""What Kubernetes promises of an Ingress, against ``ingressd run --manifests``.

The rows of the tables in Kubernetes' Ingress documentation (path matching, wildcard hosts), and
the scenarios of the ingress-controller-conformance features (tests/e2e has these in a cluster).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import CertificateAuthority, subject_names
from support.clients import Client, connect, fetch
from support.conformance import (
    ECHO,
    HOST_RULE_SCENARIOS,
    HOST_RULES,
    METHODS,
    PATH_RULE_SCENARIOS,
    PATH_RULES,
    TLS_HOST,
    UNKNOWN_CLASS_HOST,
    Paths,
    backend,
    default_backend,
    host_rules,
    ingress,
    path_rules,
    rule,
    services_of,
    tls_secret,
    unknown_class,
)
from support.pods import named, pod
from support.processes import Served, serving

PATH_TABLE: list[tuple[Paths, str, str | None]] = [
    ([("Prefix", "/", "any")], "/any/path", "any"),
    ([("Exact", "/foo", "foo")], "/foo", "foo"),
    ([("Exact", "/foo", "foo")], "/bar", None),
    ([("Exact", "/foo", "foo")], "/foo/", None),
    ([("Exact", "/foo/", "foo")], "/foo", None),
    ([("Prefix", "/foo", "foo")], "/foo", "foo"),
    ([("Prefix", "/foo", "foo")], "/foo/", "foo"),
    ([("Prefix", "/foo/", "foo")], "/foo", "foo"),
    ([("Prefix", "/foo/", "foo")], "/foo/", "foo"),
    ([("Prefix", "/aaa/bb", "b")], "/aaa/bbb", None),
    ([("Prefix", "/aaa/bbb", "b")], "/aaa/bbb", "b"),
    ([("Prefix", "/aaa/bbb/", "b")], "/aaa/bbb", "b"),
    ([("Prefix", "/aaa/bbb", "b")], "/aaa/bbb/", "b"),
    ([("Prefix", "/aaa/bbb", "b")], "/aaa/bbb/ccc", "b"),
    ([("Prefix", "/aaa/bbb", "b")], "/aaa/bbbxyz", None),
    ([("Prefix", "/", "root"), ("Prefix", "/aaa", "a")], "/aaa/ccc", "a"),
    (
        [("Prefix", "/", "root"), ("Prefix", "/aaa", "a"), ("Prefix", "/aaa/bbb", "b")],
        "/aaa/bbb",
        "b",
    ),
    (
        [("Prefix", "/", "root"), ("Prefix", "/aaa", "a"), ("Prefix", "/aaa/bbb", "b")],
        "/ccc",
        "root",
    ),
    ([("Prefix", "/aaa", "a")], "/ccc", None),
    ([("Prefix", "/foo", "prefix"), ("Exact", "/foo", "exact")], "/foo", "exact"),
]

WILDCARD_TABLE = [
    ("*.foo.com", "bar.foo.com", True),
    ("*.foo.com", "baz.bar.foo.com", False),
    ("*.foo.com", "foo.com", False),
]


@asynccontextmanager
async def served(
    folder: Path, objects: list[dict[str, Any]], services: set[str], *arguments: str
) -> AsyncIterator[Served]:
    """``ingressd run`` on the objects, with a pod behind each service that answers its name."""
    (folder / "manifests.yaml").write_text(yaml.safe_dump_all(objects))
    async with AsyncExitStack() as stack:
        flags = ["--manifests", str(folder), *arguments]
        for service in sorted(services):
            web = await stack.enter_async_context(pod(named(service.encode())))
            flags += ["--backend", f"{service}=127.0.0.1:{web.port}"]
        yield await stack.enter_async_context(serving(flags))


async def answer(running: Served, host: str, path: str = "/") -> str | None:
    """The service that answered; None for 404."""
    response = await fetch(running.http, path.encode(), host.encode())
    if response.status == 404:
        return None
    assert response.status == 200, response
    return response.body.decode()


async def test_every_row_of_the_path_table(tmp_path: Path) -> None:
    rows = list(enumerate(PATH_TABLE))
    objects = [
        ingress(f"row-{number}", {"rules": [rule(paths, f"row-{number}.test")]})
        for number, (paths, _, _) in rows
    ]
    services = services_of(paths for paths, _, _ in PATH_TABLE)
    async with served(tmp_path, objects, services) as running:
        seen = [await answer(running, f"row-{number}.test", row[1]) for number, row in rows]
    assert seen == [wanted for _, _, wanted in PATH_TABLE]


async def test_a_default_backend_takes_what_no_path_takes(tmp_path: Path) -> None:
    """The table's rows with a default backend."""
    objects = [
        ingress(
            "with-default",
            {
                "defaultBackend": backend("default"),
                "rules": [rule([("Prefix", "/aaa", "a")], "a.test")],
            },
        )
    ]
    async with served(tmp_path, objects, {"a", "default"}) as running:
        assert await answer(running, "a.test", "/aaa") == "a"
        assert await answer(running, "a.test", "/ccc") == "default"


async def test_every_row_of_the_wildcard_table(tmp_path: Path) -> None:
    objects = [ingress("wildcard", {"rules": [rule([("Prefix", "/", "wild")], "*.foo.com")]})]
    async with served(tmp_path, objects, {"wild"}) as running:
        for _, host, matches in WILDCARD_TABLE:
            assert (await answer(running, host) == "wild") is matches


@pytest.mark.parametrize("host", ["foo.bar.com", "10.0.0.1", "x.test:8080"])
async def test_default_backend_feature(tmp_path: Path, host: str) -> None:
    async with served(tmp_path, [default_backend()], {ECHO}) as running:
        for path in ("/", "/sub-path", "/a/b?c=d"):
            assert await answer(running, host, path) == ECHO
        async with connect(running.http) as client:
            await _all_methods(client, host)


async def _all_methods(client: Client, host: str) -> None:
    for method in METHODS:
        await client.send(
            f"{method} /x HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert (await client.response()).body == ECHO.encode()


async def test_host_rules_feature(tmp_path: Path) -> None:
    authority = CertificateAuthority()
    objects = [tls_secret(authority.leaf(TLS_HOST)), host_rules()]
    async with served(tmp_path, objects, set(HOST_RULES.values())) as running:
        async with connect(
            running.https, tls=authority.client_context(), server_name=TLS_HOST
        ) as client:
            response = await client.get(b"/", TLS_HOST.encode())
            assert (response.status, response.body) == (200, HOST_RULES[TLS_HOST].encode())
            tls = client.writer.get_extra_info("ssl_object")
            assert subject_names(tls.getpeercert(binary_form=True)) == (TLS_HOST,)
            assert (await client.get(b"/", b"subdomain.bar.com")).status == 404
        seen = [await answer(running, host) for host, _ in HOST_RULE_SCENARIOS]
    assert seen == [wanted for _, wanted in HOST_RULE_SCENARIOS]


async def test_plain_requests_are_led_to_tls_unless_that_is_turned_off(tmp_path: Path) -> None:
    redirecting = host_rules()
    del redirecting["metadata"]["annotations"]
    async with served(tmp_path, [redirecting], set(HOST_RULES.values())) as running:
        redirect = await fetch(running.http, b"/x?y", TLS_HOST.encode())
    assert redirect.status == 308


async def test_wildcard_host_without_tls_serves_plain_requests(tmp_path: Path) -> None:
    rules = [
        rule([("Prefix", "/", "wild")], "*.foo.com"),
        rule([("Prefix", "/", "x")], "x.foo.com"),
    ]
    objects = [ingress("host-rules", {"rules": rules})]
    async with served(tmp_path, objects, {"wild", "x"}) as running:
        assert await answer(running, "bar.foo.com") == "wild"
        assert await answer(running, "BAR.foo.com.") == "wild"
        assert await answer(running, "x.foo.com") == "x"


async def test_ingress_class_feature(tmp_path: Path) -> None:
    flags = ("--ingress-class", "ingressd")
    async with served(tmp_path, [unknown_class()], {ECHO}, *flags) as running:
        assert await answer(running, UNKNOWN_CLASS_HOST) is None


async def test_load_balancing_feature(tmp_path: Path) -> None:
    (tmp_path / "manifests.yaml").write_text(yaml.safe_dump(default_backend()))
    async with AsyncExitStack() as stack:
        flags = ["--manifests", str(tmp_path)]
        for number in range(10):
            web = await stack.enter_async_context(pod(named(b"%d" % number)))
            flags += ["--backend", f"{ECHO}=127.0.0.1:{web.port}"]
        running = await stack.enter_async_context(serving(flags))
        seen = {await answer(running, "load-balancing") for _ in range(100)}
    assert seen == {str(number) for number in range(10)}


async def test_path_rules_feature(tmp_path: Path) -> None:
    async with served(tmp_path, path_rules(), services_of(PATH_RULES.values())) as running:
        seen = [await answer(running, host, path) for host, path, _ in PATH_RULE_SCENARIOS]
    assert seen == [wanted for _, _, wanted in PATH_RULE_SCENARIOS]
