"""Waits until a proxy answers every kind of request in full, before anything is measured."""

from __future__ import annotations

import http.client
import ssl
import time

from bench.cases import CASES, Case
from bench.peers import Running

READY_SECONDS = 15


def is_ready(peer: Running) -> bool:
    """Whether the proxy answers every path in full; says so where it does not."""
    reason = "it does not answer"
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and peer.process.poll() is None:
        try:
            problems = [case.title for case in CASES if _answer_size(peer, case) != case.answer]
        except OSError as error:
            reason = str(error)
            time.sleep(0.1)
            continue
        if not problems:
            return True
        reason = f"wrong answer: {', '.join(problems)}"
        time.sleep(0.1)
    print(f"{peer.name}: not measured, {reason}")
    print((peer.folder / "output.log").read_text()[-2000:])
    return False


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
    context = ssl.create_default_context(cafile=None)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # our own throwaway certificate on loopback
    return http.client.HTTPSConnection("127.0.0.1", peer.ports.https, timeout=5, context=context)
