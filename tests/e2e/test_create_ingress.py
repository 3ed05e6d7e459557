"""The eight forms that ``kubectl create ingress --help`` shows, run with the real kubectl."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.certificates import CertificateAuthority, KeyPair, subject_names
from support.cluster.cluster import Cluster, Namespace
from support.cluster.controller import Controller, controller
from support.cluster.polling import eventually
from support.cluster.workloads import deployment, service

AUTHORITY = CertificateAuthority()
SERVICES = ("svc", "svc1", "svc2", "svcadmin", "othersvc", "defaultsvc")
CLASS = """\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: NAME}
spec: {controller: ingressd.dev/ingress-controller}
"""


def ports(name: str) -> list[dict[str, object]]:
    """Each Service has a named port and two by number, all to the same container port."""
    return [
        {"name": "http", "port": 80, "targetPort": "http"},
        {"name": "alt", "port": 8080, "targetPort": "http"},
        {"name": "https", "port": 443, "targetPort": "http"},
    ]


def blind() -> ssl.SSLContext:
    """A client that looks at the certificate itself."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Scene:
    """A namespace with the Services, and ingressd; ``create`` makes the one Ingress."""

    def __init__(self, namespace: Namespace, running: Controller) -> None:
        self.namespace = namespace
        self.running = running

    async def create(self, name: str, *arguments: str) -> None:
        await self.namespace.kubectl("create", "ingress", name, *arguments)

    async def leads(self, host: str, path: str, wanted: str) -> None:
        await eventually(lambda: self.running.service(host, path), lambda found: found == wanted)

    async def secure(self, host: str, path: str) -> tuple[str, tuple[str, ...]]:
        """The Service behind a URL over TLS, and the names in the certificate."""
        app, shown = await self.running.secure_service(host, path, blind())
        return app, subject_names(shown)

    async def shows(self, host: str, *names: str) -> None:
        async def found() -> tuple[str, ...]:
            return (await self.secure(host, "/"))[1]

        await eventually(found, lambda seen: seen == names)

    async def secret(self, name: str, pair: KeyPair, folder: Path) -> None:
        chain, key = folder / "tls.crt", folder / "tls.key"
        certificate = pair.as_certificate()
        chain.write_bytes(certificate.chain)
        key.write_bytes(certificate.private_key)
        await self.namespace.kubectl(
            "create", "secret", "tls", name, f"--cert={chain}", f"--key={key}"
        )


@pytest.fixture
async def scene(cluster: Cluster, namespace: Namespace, account: Path) -> AsyncIterator[Scene]:
    for name in ("default", "otheringress"):
        await namespace.apply(CLASS.replace("NAME", name))
    for name in SERVICES:
        await namespace.apply(deployment(name), service(name, ports=ports(name)))
    for name in SERVICES:
        await namespace.has_addresses(name, 1)
    flags = ("--watch-namespace", namespace.name, "--watch-ingress-without-class")
    async with controller(account, *flags) as running:
        yield Scene(namespace, running)


async def test_simple_with_tls(scene: Scene, tmp_path: Path) -> None:
    await scene.secret("my-cert", AUTHORITY.leaf("foo.com"), tmp_path)
    await scene.create("simple", "--rule=foo.com/bar=svc1:8080,tls=my-cert")
    await scene.leads("foo.com", "/bar", "308")
    assert await scene.secure("foo.com", "/bar") == ("svc1", ("foo.com",))
    assert (await scene.secure("foo.com", "/bar/x"))[0] == "404"


async def test_catch_all_with_a_class(scene: Scene) -> None:
    await scene.create("catch-all", "--class=otheringress", "--rule=/path=svc:http")
    await scene.leads("any.host", "/path", "svc")
    assert await scene.running.service("any.host", "/path/x") == "404"


async def test_annotations(scene: Scene) -> None:
    await scene.create(
        "annotated", "--class=default", "--rule=foo.com/bar=svc:http",
        "--annotation=ingress.annotation1=foo", "--annotation=ingress.annotation2=bla",
    )  # fmt: skip
    await scene.leads("foo.com", "/bar", "svc")
    told = await scene.namespace.kubectl("describe", "ingress", "annotated")
    assert "ingress.annotation1: foo" in told
    assert "ingress.annotation2: bla" in told


async def test_several_paths(scene: Scene) -> None:
    await scene.create(
        "multipath", "--class=default", "--rule=foo.com/=svc:http",
        "--rule=foo.com/admin/=svcadmin:http",
    )  # fmt: skip
    await scene.leads("foo.com", "/", "svc")
    await scene.leads("foo.com", "/admin/", "svcadmin")
    assert await scene.running.service("foo.com", "/x") == "404"


async def test_a_star_makes_a_prefix_and_ports_have_names(scene: Scene) -> None:
    await scene.create(
        "ingress1", "--class=default", "--rule=foo.com/path*=svc:8080",
        "--rule=bar.com/admin*=svc2:http",
    )  # fmt: skip
    await scene.leads("foo.com", "/path/below", "svc")
    await scene.leads("bar.com", "/admin", "svc2")
    assert await scene.running.service("foo.com", "/pathology") == "404"


async def test_tls_without_a_secret_gets_the_default_certificate(scene: Scene) -> None:
    await scene.create(
        "ingtls", "--class=default", "--rule=foo.com/=svc:https,tls",
        "--rule=foo.com/path/subpath*=othersvc:8080",
    )  # fmt: skip
    await scene.leads("foo.com", "/", "308")
    app, names = await scene.secure("foo.com", "/")
    assert (app, names) == ("svc", ("ingress.local",))
    assert (await scene.secure("foo.com", "/path/subpath/x"))[0] == "othersvc"


async def test_everything_below_the_root_with_a_secret(scene: Scene, tmp_path: Path) -> None:
    await scene.create("ingsecret", "--class=default", "--rule=foo.com/*=svc:8080,tls=secret1")
    await scene.leads("foo.com", "/a", "308")
    await scene.shows("foo.com", "ingress.local")
    await scene.secret("secret1", AUTHORITY.leaf("foo.com"), tmp_path)
    await scene.shows("foo.com", "foo.com")
    assert (await scene.secure("foo.com", "/a/b"))[0] == "svc"


async def test_default_backend(scene: Scene) -> None:
    """Where an Ingress has rules, it is that of their hosts, as with ingress-nginx."""
    await scene.create(
        "ingdefault", "--class=default", "--default-backend=defaultsvc:http",
        "--rule=foo.com/*=svc:8080,tls=secret1",
    )  # fmt: skip
    await scene.leads("foo.com", "/x", "308")
    assert await scene.secure("foo.com", "/x") == ("svc", ("ingress.local",))
    namespace, last = scene.namespace.name, (await scene.running.admin.routes("foo.com"))[-1]
    assert (last["kind"], last["backend"]) == ("Default", f"{namespace}/defaultsvc:http")
    assert await scene.running.service("other.com", "/x") == "404"
