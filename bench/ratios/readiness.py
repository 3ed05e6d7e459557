"""Waits until a proxy answers every kind of request in full, before anything is measured."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Sequence

from bench.programs import Ports, Running
from bench.proxies.peer import HOST
from bench.ratios.cases import Case

READY_SECONDS = 60


def is_ready(peer: Running, cases: Sequence[Case]) -> bool:
    """Whether the proxy answers every kind of request in full; says so where it does not."""
    reason = "it does not answer"
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and peer.is_alive:
        try:
            problems = [case.title for case in cases if _answer_size(peer, case) != case.answer]
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or repr(error)
            time.sleep(0.1)
            continue
        if not problems:
            return True
        reason = f"wrong answer: {', '.join(problems)}"
        time.sleep(0.1)
    if not peer.is_alive:
        reason = f"it ended with {peer.process.returncode}"
    print(f"{peer.name}: not measured, {reason}")
    print(peer.last_words)
    return False


def resumes_sessions(ports: Ports) -> bool:
    """Whether a client that offers its last TLS session gets round a full handshake, as wrk does
    on each connection but its first."""
    context = _context()
    first, _ = _handshake(ports, context, None)
    _, is_resumed = _handshake(ports, context, first)
    return is_resumed


def _handshake(
    ports: Ports, context: ssl.SSLContext, offered: ssl.SSLSession | None
) -> tuple[ssl.SSLSession | None, bool]:
    """The session of a connection on which an answer has begun, since TLS 1.3 grants one only then,
    and whether it is the one that was offered."""
    address = ("127.0.0.1", ports.https)
    with (
        socket.create_connection(address, timeout=5) as plain,
        context.wrap_socket(plain, session=offered) as encrypted,
    ):
        encrypted.sendall(f"GET /small HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        encrypted.recv(1)
        return encrypted.session, bool(encrypted.session_reused)


def _answer_size(peer: Running, case: Case) -> int:
    """Size of the body that comes back, or -1 when the status is not 200."""
    connection = _connection(peer, case)
    try:
        method = "POST" if case.post else "GET"
        connection.request(method, case.path, b"x" * case.post or None, case.headers)
        answer = connection.getresponse()
        body = answer.read()
        return len(body) if answer.status == 200 else -1
    finally:
        connection.close()


def _connection(peer: Running, case: Case) -> http.client.HTTPConnection:
    if not case.tls:
        return http.client.HTTPConnection("127.0.0.1", peer.ports.http, timeout=5)
    port = peer.ports.https
    return http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=_context())


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # our own throwaway certificate on loopback
    return context
