"""Enough of curl to run the lines that documentation shows, on machines that have none."""

from __future__ import annotations

import argparse
import socket
import ssl
from base64 import b64encode
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlsplit

TIMEOUT = 10.0


def curl(arguments: Sequence[str]) -> str:
    """What curl would print. Unknown options end the test: nothing is skipped in silence."""
    options = _parser().parse_args(arguments)
    parts = urlsplit(options.url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    connection = HTTPConnection(host, port, timeout=TIMEOUT)
    connection.sock = _connect(options, host, port, tls=parts.scheme == "https")
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        headers = dict(line.split(": ", 1) for line in options.header)
        if options.user:
            headers["Authorization"] = f"Basic {b64encode(options.user.encode()).decode()}"
        connection.request(options.request, target, headers=headers)
        return _printed(connection.getresponse(), with_head=options.include)
    finally:
        connection.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="curl", exit_on_error=False)
    parser.add_argument("url")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-i", "--include", action="store_true")
    parser.add_argument("-k", "--insecure", action="store_true")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-u", "--user", default="")
    parser.add_argument("-X", "--request", default="GET")
    parser.add_argument("--cacert")
    parser.add_argument("--resolve", action="append", default=[])
    return parser


def _connect(options: argparse.Namespace, host: str, port: int, *, tls: bool) -> socket.socket:
    address = host
    for entry in options.resolve:
        name, at, target = entry.split(":", 2)
        if (name, int(at)) == (host, port):
            address = target
    plain = socket.create_connection((address, port), timeout=TIMEOUT)
    if not tls:
        return plain
    context = ssl.create_default_context(cafile=options.cacert)
    if options.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)


def _printed(response: HTTPResponse, *, with_head: bool) -> str:
    body = response.read().decode()
    if not with_head:
        return body
    head = [f"HTTP/1.1 {response.status} {response.reason}"]
    head += [f"{name}: {value}" for name, value in response.getheaders()]
    return "\n".join(head) + "\n\n" + body
