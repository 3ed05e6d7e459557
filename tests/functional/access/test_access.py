"""Addresses and passwords through the whole program, from manifests that change."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.clients import Client, Response
from support.commands import ingressd
from support.hashes import OF_SECRET
from support.pods import Pod, pod
from support.program import Launch, running

from ingressd.proxy.passwords.libcrypt import crypt

PREFIX = "nginx.ingress.kubernetes.io"
HOST = "a.test"
BASIC = {"auth-type": "basic", "auth-secret": "users"}


def basic(user: str, password: str) -> bytes:
    encoded = base64.b64encode(f"{user}:{password}".encode())
    return b"Authorization: Basic %b\r\n" % encoded


JANE, WRONG = basic("jane", "secret"), basic("jane", "wrong")


class Folder:
    """Manifests, and the program that serves them."""

    def __init__(self, path: Path) -> None:
        self.path = path / "manifests"
        self.path.mkdir()
        self.port = 0
        self.web: Pod | None = None
        self.put("Service", "web", spec={"ports": [{"port": 80}]})

    def put(self, kind: str, name: str, **fields: object) -> None:
        """A manifest; what other controllers would see of it is the same at any time."""
        version = "networking.k8s.io/v1" if kind == "Ingress" else "v1"
        metadata = {"name": name, **fields.pop("metadata", {})}  # type: ignore[dict-item]
        manifest = {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}
        path = self.path / f"{kind}-{metadata.get('namespace', '')}-{name}.json"
        path.with_suffix(".new").write_text(json.dumps(manifest))
        path.with_suffix(".new").rename(path)

    def ingress(self, *paths: str, name: str = "web", **annotations: str) -> None:
        """An Ingress of the host; "/" where no path is named."""
        service = {"service": {"name": "web", "port": {"number": 80}}}
        rules = [
            {"path": path, "pathType": "Prefix", "backend": service} for path in paths or ("/",)
        ]
        written = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
        spec = {"rules": [{"host": HOST, "http": {"paths": rules}}]}
        self.put("Ingress", name, metadata={"annotations": written}, spec=spec)

    def secret(self, name: str = "users", namespace: str = "default", **entries: bytes) -> None:
        data = {key: base64.b64encode(value).decode() for key, value in entries.items()}
        self.put("Secret", name, metadata={"namespace": namespace}, data=data)

    def configmap(self, keys: Mapping[str, str]) -> None:
        self.put("ConfigMap", "settings", data=dict(keys))

    async def ask(
        self, extra: bytes = b"", path: bytes = b"/", address: str = "127.0.0.1"
    ) -> Response:
        """One request on a connection of its own."""
        opening = asyncio.open_connection("127.0.0.1", self.port, local_addr=(address, 0))
        reader, writer = await opening
        try:
            return await Client(reader, writer).get(path, HOST.encode(), extra)
        finally:
            writer.close()

    async def status(
        self, extra: bytes = b"", path: bytes = b"/", address: str = "127.0.0.1"
    ) -> int:
        return (await self.ask(extra, path, address)).status

    async def becomes(self, status: int, extra: bytes = b"") -> None:
        """Wait until a change of the manifests is in force."""
        while await self.status(extra) != status:
            continue


@asynccontextmanager
async def served(folder: Folder, workers: int = 1) -> AsyncIterator[Folder]:
    async with pod() as web:
        flags = ("--backend", f"web=127.0.0.1:{web.port}", "--configmap", "default/settings")
        launch = Launch(folder.path, folder.path.parent, ("--no-access-log", *flags), workers)
        async with running(launch) as program:
            folder.port, folder.web = program.http, web
            yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


async def test_users_of_a_file(folder: Folder) -> None:
    """auth-type, auth-secret, auth-realm."""
    folder.secret(auth=b"jane:%b\njoe:%b\n" % (OF_SECRET["bcrypt-2y"], OF_SECRET["des"]))
    folder.ingress(**BASIC, auth_realm="The shop")
    async with served(folder):
        answer = await folder.ask()
        assert answer.status == 401
        assert answer.value(b"www-authenticate") == b'Basic realm="The shop"'
        assert await folder.status(WRONG) == 401
        assert await folder.status(basic("joe", "secret")) == 200
        assert [await folder.status(JANE) for _ in range(3)] == [200] * 3
        assert folder.web is not None
        assert len(folder.web.requests) == 4
        assert not any(each.value(b"authorization") for each in folder.web.requests)


async def test_users_of_a_map_change_while_they_are_remembered(folder: Folder) -> None:
    """auth-secret-type."""
    folder.secret(jane=OF_SECRET["sha512"] + b"\n")
    folder.ingress(**BASIC, auth_secret_type="auth-map")
    async with served(folder, workers=2):
        assert await folder.status(JANE) == 200
        folder.secret(ann=OF_SECRET["sha512"])
        await folder.becomes(401, JANE)
        assert await folder.status(basic("ann", "secret")) == 200
        folder.secret(jane=OF_SECRET["apr1"])
        await folder.becomes(200, JANE)


CLOSED: tuple[dict[str, str], ...] = (
    {"auth-type": "basic", "auth-secret": "missing"},
    {"auth-type": "basic"},
    {"auth-type": "digest", "auth-secret": "good"},
    {"auth-type": "none", "auth-secret": "good"},
    {"auth-type": "basic", "auth-secret": "other/good"},
    {"auth-type": "basic", "auth-secret": "good", "auth-secret-type": "map"},
    {"auth-type": "basic", "auth-secret": "no-key"},
    {"auth-type": "basic", "auth-secret": "Good"},
    {"whitelist-source-range": "127.0.0.0/8, office"},
    {"whitelist-source-range": ""},
    {"denylist-source-range": "10.0.0.0/33"},
)


async def test_what_cannot_be_protected_is_closed(folder: Folder) -> None:
    for namespace in ("default", "other"):
        folder.secret("good", namespace, auth=b"jane:" + OF_SECRET["sha"])
    folder.secret("no-key", jane=OF_SECRET["sha"])
    for number, written in enumerate(CLOSED):
        folder.ingress(f"/{number}", name=f"closed-{number}", **written)
    folder.ingress("/open", name="open")
    async with served(folder):
        assert await folder.status(path=b"/open") == 200
        for number in range(len(CLOSED)):
            path = b"/%d" % number
            assert [await folder.status(extra, path) for extra in (b"", JANE)] == [503, 503]
    found = json.loads(ingressd("check", folder.path, "--output", "json").output)
    told = {each["subject"][-1] for each in found if each["severity"] == "error"}
    assert told == {f"closed-{number}" for number in range(len(CLOSED))}


async def test_a_secret_that_comes_and_goes(folder: Folder) -> None:
    folder.ingress(**BASIC)
    async with served(folder):
        assert await folder.status(JANE) == 503
        folder.secret(auth=b"jane:" + OF_SECRET["sha"])
        await folder.becomes(200, JANE)
        assert await folder.status() == 401
        (folder.path / "Secret-default-users.json").unlink()
        await folder.becomes(503, JANE)


async def test_the_configmap_may_allow_other_namespaces(folder: Folder) -> None:
    """allow-cross-namespace-resources."""
    folder.secret("users", "other", auth=b"jane:" + OF_SECRET["sha"])
    folder.configmap({"allow-cross-namespace-resources": "true"})
    folder.ingress(auth_type="basic", auth_secret="other/users")
    async with served(folder):
        assert [await folder.status(extra) for extra in (JANE, WRONG)] == [200, 401]


async def test_users_that_cannot_log_in_keep_nobody_else_out(folder: Folder) -> None:
    folder.secret(auth=b"foo:\njane:" + OF_SECRET["sha"])
    folder.ingress(**BASIC)
    async with served(folder):
        asked = (JANE, basic("foo", "bar"), basic("foo", ""))
        assert [await folder.status(extra) for extra in asked] == [200, 401, 401]
    found = ingressd("check", folder.path)
    assert "has a user who cannot log in (line 1: no hash that can be checked)" in " ".join(
        found.output.split()
    )
    assert "sha" not in found.output.lower()


async def test_a_secret_alone_asks_nobody(folder: Folder) -> None:
    folder.secret(auth=b"jane:" + OF_SECRET["sha"])
    folder.ingress(auth_secret="users", auth_realm="The shop")
    async with served(folder):
        answers = [await folder.ask(WRONG)]
        assert [each.status for each in answers] == [200]
        assert folder.web is not None
        (request,) = folder.web.requests
        assert request.value(b"authorization") is not None, "it is the application's"


async def test_lists_of_addresses(folder: Folder) -> None:
    """allowlist-source-range, denylist-source-range."""
    folder.ingress("/", allowlist_source_range="127.0.0.0/30", denylist_source_range="127.0.0.3")
    folder.ingress("/open", name="open", whitelist_source_range="0.0.0.0/0,::/0")
    async with served(folder):
        clients = [f"127.0.0.{number}" for number in (1, 2, 3, 4)]
        assert [await folder.status(address=each) for each in clients] == [200, 200, 403, 403]
        opened = [await folder.status(path=b"/open", address=each) for each in clients]
        assert opened == [200] * 4


async def test_either_address_or_password(folder: Folder) -> None:
    """satisfy."""
    folder.secret(auth=b"jane:" + OF_SECRET["sha"])
    folder.ingress(**BASIC, allowlist_source_range="127.0.0.1", satisfy="any")
    async with served(folder):
        outside = "127.0.0.2"
        assert [await folder.status(address=each) for each in ("127.0.0.1", outside)] == [200, 401]
        assert await folder.status(JANE, address=outside) == 200
        folder.ingress(**BASIC, allowlist_source_range="127.0.0.1")
        await folder.becomes(401)
        assert await folder.status(JANE) == 200
        assert await folder.status(JANE, address=outside) == 403


async def test_lists_of_the_configmap_hold_where_an_ingress_has_none(folder: Folder) -> None:
    """whitelist-source-range, denylist-source-range and block-cidrs of the ConfigMap."""
    folder.ingress("/")
    folder.ingress("/own", name="own", allowlist_source_range="127.0.0.2")
    folder.configmap({"whitelist-source-range": "127.0.0.1, 10.0.0.0/8"})
    async with served(folder):
        clients = ("127.0.0.1", "127.0.0.2")
        assert [await folder.status(address=each) for each in clients] == [200, 403]
        own = [await folder.status(path=b"/own", address=each) for each in clients]
        assert own == [403, 200]
        folder.configmap({"denylist-source-range": "127.0.0.1"})
        await folder.becomes(403)
        assert await folder.status(address="127.0.0.2") == 200
        folder.configmap({"block-cidrs": "127.0.0.2"})
        await folder.becomes(200)
        assert await folder.status(address="127.0.0.2") == 403
        assert await folder.status(path=b"/own", address="127.0.0.2") == 200


async def test_blocked_user_agents_and_referers(folder: Folder) -> None:
    """block-user-agents, block-referers: before redirects, and at once where they change."""
    folder.ingress("/")
    folder.ingress("/moved", name="moved", permanent_redirect="https://b.test/")
    folder.configmap({"block-user-agents": "~*chrome,someBot"})
    async with served(folder):
        agents = (b"User-Agent: Google-Chrome 1.0\r\n", b"User-Agent: SomeBot\r\n", b"")
        assert [await folder.status(extra) for extra in agents] == [403, 403, 200]
        moved = [await folder.status(extra, b"/moved") for extra in agents]
        assert moved == [403, 403, 301]
        folder.configmap({"block-referers": "~evil\\.test"})
        await folder.becomes(200, agents[0])
        assert await folder.status(b"Referer: http://evil.test/x\r\n") == 403
        assert await folder.status(b"Referer: http://good.test/x\r\n") == 200
        folder.configmap({"block-referers": "~("})
        await folder.becomes(503)


async def test_paths_that_need_no_authentication(folder: Folder) -> None:
    """no-auth-locations."""
    folder.secret(auth=b"jane:" + OF_SECRET["sha"])
    folder.ingress("/", "/noauth", "/.well-known/acme-challenge/token", **BASIC)
    async with served(folder):
        challenge = b"/.well-known/acme-challenge/token"
        paths = (b"/", b"/noauth", challenge, b"/.well-known/acme-challenge/other")
        assert [await folder.status(path=each) for each in paths] == [401, 401, 200, 401]
        folder.configmap({"no-auth-locations": "/noauth"})
        while await folder.status(path=b"/noauth") != 200:
            continue
        assert [await folder.status(path=each) for each in paths] == [401, 200, 401, 401]


async def test_wrong_passwords_do_not_keep_others_waiting(folder: Folder) -> None:
    """A flood of them is checked beside the event loop, and beside that of other clients."""
    slow = crypt(b"secret", b"$2y$12$abcdefghijklmnopqrstuu")
    folder.secret(auth=b"jane:" + slow)
    folder.ingress("/", **BASIC)
    folder.ingress("/open", name="open")
    async with served(folder):
        assert await folder.status(JANE) == 200
        guesses = [basic("jane", str(number)) for number in range(40)]
        flood = [asyncio.create_task(folder.ask(each, address="127.0.0.9")) for each in guesses]
        overloaded = [each async for each in refused(flood)]
        assert overloaded[0].value(b"retry-after") == b"1"
        assert await folder.status(path=b"/open") == 200
        assert await folder.status(JANE) == 200
        assert sum(not each.done() for each in flood) > 8, "they were not waited for"
        for each in flood:
            each.cancel()


async def refused(flood: list[asyncio.Task[Response]]) -> AsyncIterator[Response]:
    """The first answer, which is that to one too many."""
    done, _ = await asyncio.wait(flood, return_when=asyncio.FIRST_COMPLETED)
    for each in done:
        assert each.result().status == 503
        yield each.result()
