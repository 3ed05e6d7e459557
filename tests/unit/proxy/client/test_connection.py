"""What the client's connection adds to aiohttp's server protocol."""

from __future__ import annotations

import asyncio

import pytest
from support.proxies import SETTINGS
from support.requests import Refuser, client_connection

from ingressd.proxy.client.front import Front
from ingressd.proxy.clock import Clock
from ingressd.proxy.observing.metrics import Metrics
from ingressd.routing.global_policy import DEFAULT_GLOBAL_POLICY

CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = b"2\r\nok\r\n0\r\nX-Trailer: 1\r\n\r\n"
FOLLOWING = b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"


async def test_the_limits_took_effect() -> None:
    """aiohttp falls back to its own with a warning only, when one keyword is wrong."""
    connection = client_connection()
    limits = DEFAULT_GLOBAL_POLICY.limits
    assert connection.max_line_size == limits.request_line
    assert connection.max_field_size == limits.header_field
    assert connection.max_headers == limits.header_count
    assert connection.keepalive_timeout == limits.keep_alive


async def test_a_half_closed_client_is_owed_an_answer_if_it_asked_at_all() -> None:
    whole, idle, secure = client_connection(), client_connection(), client_connection("https")
    whole.data_received(FOLLOWING)
    secure.data_received(FOLLOWING)
    answers = [each.eof_received() for each in (whole, idle, secure)]
    assert answers == [True, None, None]
    assert not whole.is_finished
    whole._messages.clear()
    assert whole.is_last


async def test_only_the_c_parser_is_served_with(monkeypatch: pytest.MonkeyPatch) -> None:
    from ingressd.proxy.client import front as module

    class Parser:
        """What aiohttp falls back to has another module name."""

    monkeypatch.setattr(module, "HttpRequestParser", Parser)
    with pytest.raises(RuntimeError, match="Python parser"):
        Front(Refuser(), SETTINGS, Metrics(), Clock(asyncio.get_running_loop()))
