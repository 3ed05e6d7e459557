"""Who may come: the same clients as with a real nginx, told what ingress-nginx would tell it."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec import structs
from support.clients import Client, Response, connect
from support.hashes import OF_SECRET
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import OK, answering, pod
from support.proxies import proxy, simple

from ingressd.routing.global_policy import Blocklists, ClientAddress, GlobalPolicy
from ingressd.routing.model import SecretMaterial
from ingressd.routing.policy import Access, BasicAuth, Policy

pytestmark = needs_nginx

BELIEVING = ClientAddress(forwarded_headers=True, trusted=("127.0.0.0/8",))
"""Both learn the client's address from X-Forwarded-For."""

USERS = BasicAuth("default/users", realm="The shop")


def basic(text: bytes) -> bytes:
    return b"Authorization: Basic %b\r\n" % base64.b64encode(text)


JANE, WRONG = basic(b"jane:secret"), basic(b"jane:wrong")


def location(access: Access, folder: Path) -> str:
    """What ingress-nginx writes into each location."""
    lines = [f"deny {network};" for network in access.deny]
    lines += [f"allow {network};" for network in access.allow]
    if access.allow:
        lines.append("deny all;")
    if access.any_suffices:
        lines.append("satisfy any;")
    if access.basic_auth is not None:
        lines.append(f'auth_basic "{access.basic_auth.realm}";')
        lines.append(f"auth_basic_user_file {folder}/users;")
        lines.append('proxy_set_header Authorization "";')
    return " ".join(lines)


class Doors:
    """Connections to ingressd and to nginx, which stand before the same pod."""

    def __init__(self, ours: Client, theirs: Client) -> None:
        self._clients = (ours, theirs)

    async def ask(self, extra: bytes = b"", remote: bytes = b"192.0.2.1") -> Response:
        """What both answer: they must agree on the status and on what the client is asked."""
        fields = b"X-Forwarded-For: %b\r\n%b" % (remote, extra)
        ours, theirs = [await client.get(extra=fields) for client in self._clients]
        asked = b"www-authenticate"
        assert (ours.status, ours.values(asked)) == (theirs.status, theirs.values(asked))
        return ours

    async def status(self, extra: bytes = b"", remote: bytes = b"192.0.2.1") -> int:
        return (await self.ask(extra, remote)).status


@asynccontextmanager
async def both(
    folder: Path, access: Access, users: bytes = b"", blocked: tuple[str, ...] = ()
) -> AsyncIterator[Doors]:
    (folder / "users").write_bytes(users)
    secret = SecretMaterial("default/users", "1", {"auth": users})
    block = "".join(f"deny {network};" for network in blocked)
    http = f"set_real_ip_from unix:; real_ip_header X-Forwarded-For; {block}"
    async with pod(answering(OK)) as web:
        plain = simple([web.port], Policy(access=access))
        policy = GlobalPolicy(client_address=BELIEVING, blocklists=Blocklists(networks=blocked))
        delta = structs.replace(plain, secrets=(secret,), global_policy=policy)
        there = f"proxy_pass http://127.0.0.1:{web.port}; {location(access, folder)}"
        async with (
            nginx(folder, http=http, server=f"location / {{ {there} }}") as door,
            proxy(delta) as serving,
            connect(serving.port) as ours,
            connect_to(door) as theirs,
        ):
            yield Doors(ours, theirs)
        assert not any(request.value(b"authorization") for request in web.requests)


@pytest.mark.parametrize(
    "access",
    [
        Access(),
        Access(allow=("192.0.2.0/24",)),
        Access(deny=("192.0.2.1", "2001:db8::/32")),
        Access(allow=("192.0.2.0/24", "2001:db8::1"), deny=("192.0.2.1",)),
        Access(allow=("0.0.0.0/0", "::/0")),
        Access(allow=("192.0.2.0/24",), any_suffices=True),
    ],
)
@pytest.mark.parametrize("blocked", [(), ("192.0.2.0/24", "2001:db8::1")])
async def test_addresses(access: Access, blocked: tuple[str, ...], tmp_path: Path) -> None:
    clients = (b"192.0.2.1", b"192.0.2.2", b"10.0.0.1", b"2001:db8::1", b"2001:db8::2", b"::1")
    async with both(tmp_path, access, blocked=blocked) as doors:
        statuses = {client: await doors.status(remote=client) for client in clients}
    assert set(statuses.values()) <= {200, 403}
    assert 200 in statuses.values()


@pytest.mark.parametrize("hashed", OF_SECRET.values(), ids=list(OF_SECRET))
async def test_every_form_of_hash(hashed: bytes, tmp_path: Path) -> None:
    async with both(tmp_path, Access(basic_auth=USERS), b"jane:%b\n" % hashed) as doors:
        assert [await doors.status(extra) for extra in (JANE, WRONG, JANE, WRONG)] == [
            200, 401, 200, 401,
        ]  # fmt: skip


FILE = b"""# Who may come
jane:{PLAIN}secret
jane:{PLAIN}other
joe:{PLAIN}has:colons
kim:{PLAIN}\r
:{PLAIN}nobody
#off:{PLAIN}secret
two words:{PLAIN}two words
"""


@pytest.mark.parametrize(
    ("extra", "status"),
    [
        (b"", 401),
        (JANE, 200),
        (WRONG, 401),
        (basic(b"jane:other"), 401),
        (basic(b"joe:has:colons"), 401),
        (basic(b"joe:has"), 200),
        (basic(b"kim:"), 200),
        (basic(b"kim:x"), 401),
        (basic(b":nobody"), 401),
        (basic(b"#off:secret"), 401),
        (basic(b"two words:two words"), 200),
        (basic(b"jane"), 401),
        (basic(b"JANE:secret"), 401),
        (b"Authorization: basic   amFuZTpzZWNyZXQ\r\n", 200),
        (b"Authorization: Bearer amFuZTpzZWNyZXQ=\r\n", 401),
        (b"Authorization: Basic amFuZTpzZWNyZXQ!\r\n", 401),
        (b"Authorization: Basic\r\n", 401),
        (basic(b"jane:" + b"x" * 900), 401),
    ],
)
async def test_files_and_credentials(extra: bytes, status: int, tmp_path: Path) -> None:
    async with both(tmp_path, Access(basic_auth=USERS), FILE) as doors:
        assert await doors.status(extra) == status


@pytest.mark.parametrize("realm", ["", "The shop", "off-limits: a/b"])
async def test_the_realm(realm: str, tmp_path: Path) -> None:
    access = Access(basic_auth=BasicAuth("default/users", realm=realm))
    async with both(tmp_path, access, FILE) as doors:
        answer = await doors.ask()
        assert answer.value(b"www-authenticate") == b'Basic realm="%b"' % realm.encode()


@pytest.mark.parametrize(
    ("access", "statuses"),
    [
        (Access(allow=("192.0.2.1",)), {200: 1, 401: 2, 403: 3}),
        (Access(allow=("192.0.2.1",), any_suffices=True), {200: 4, 401: 2}),
        (Access(deny=("192.0.2.1",), any_suffices=True), {200: 2, 401: 4}),
        (Access(deny=("192.0.2.1",)), {200: 1, 401: 2, 403: 3}),
        (Access(any_suffices=True), {200: 2, 401: 4}),
        (Access(), {200: 2, 401: 4}),
    ],
)
async def test_addresses_and_passwords(
    access: Access, statuses: dict[int, int], tmp_path: Path
) -> None:
    access = structs.replace(access, basic_auth=USERS)
    found: dict[int, int] = {}
    async with both(tmp_path, access, FILE) as doors:
        for remote in (b"192.0.2.1", b"192.0.2.2"):
            for extra in (b"", JANE, WRONG):
                status = await doors.status(extra, remote)
                found[status] = found.get(status, 0) + 1
    assert found == statuses
