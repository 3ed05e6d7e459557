"""Cookies and redirects of pods are rewritten as by an nginx set up by ingress-nginx."""

from __future__ import annotations

from pathlib import Path

from support.clients import Client, connect
from support.nginx import connect_to, needs_nginx, nginx
from support.pods import Visit, pod
from support.proxies import proxy, simple

from ingressd.routing.policy import AnswerFields, Policy, Substitution, TlsRedirect

pytestmark = needs_nginx

FIELDS = (
    b"Set-Cookie: a=1; Domain=pod.test; Path=/inner/x; HttpOnly",
    b"Set-Cookie: a=1;domain=.POD.test;path=/inner/",
    b"Set-Cookie: a=1; Domain=x.pod.test; Path=/inner",
    b"Set-Cookie: a=pod.test; Path=/INNER/; Expires=Thu, 01 Jan 2026 00:00:00 GMT",
    b"Set-Cookie: Domain=pod.test",
    b"Set-Cookie: a=1; Secure; Domain=pod.test",
    b"Location: http://pod.test/inner/x?y=z",
    b"Location: http://pod.test:80/inner/",
    b"Location: https://pod.test/",
    b"Location: HTTP://pod.test/inner/",
    b"Refresh: 5; url=http://pod.test/inner/x",
    b"Refresh: 5;URL=http://other.test/",
    b"Refresh: 5",
)
POLICY = Policy(
    tls_redirect=TlsRedirect.OFF,
    answer_fields=AnswerFields(
        cookie_domain=Substitution("pod.test", "$host"),
        cookie_path=Substitution("/inner/", "/"),
        location=Substitution("http://pod.test/", "https://$host/outer/"),
    ),
)
SERVER = """
location / {{
  proxy_pass http://127.0.0.1:{port};
  proxy_cookie_domain pod.test $host;
  proxy_cookie_path /inner/ /;
  proxy_redirect http://pod.test/ https://$host/outer/;
}}
"""


async def answer(visit: Visit) -> None:
    """The field of which the number is the path."""
    while (request := await visit.request()) is not None:
        number = int(request.line.split(b" ")[1][1:])
        await visit.send(b"HTTP/1.1 200 OK\r\n%b\r\nContent-Length: 0\r\n\r\n" % FIELDS[number])


async def seen(client: Client) -> list[list[bytes]]:
    """What becomes of each field; nginx writes a space behind each semicolon of a cookie."""
    found = []
    for number, field in enumerate(FIELDS):
        response = await client.get(b"/%d" % number)
        value = response.value(field.partition(b":")[0]) or b""
        found.append([part.strip() for part in value.split(b";")])
    return found


async def test_fields_are_rewritten_as_in_nginx(tmp_path: Path) -> None:
    async with (
        pod(answer) as web,
        proxy(simple([web.port], POLICY)) as running,
        nginx(tmp_path, server=SERVER.format(port=web.port)) as door,
        connect_to(door) as reference,
        connect(running.port) as client,
    ):
        expected = await seen(reference)
        assert await seen(client) == expected
        assert expected[0] == [b"a=1", b"Domain=a.test", b"Path=/x", b"HttpOnly"]
