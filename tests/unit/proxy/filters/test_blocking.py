from __future__ import annotations

import pytest
from support.proxies import environment, route
from support.requests import get

from ingressd.proxy.filters.blocking import block_referers, block_user_agents
from ingressd.proxy.filters.filter import Refusal
from ingressd.routing.delta import Delta
from ingressd.routing.global_policy import Blocklists, GlobalPolicy

BOTH = Blocklists(user_agents=("~*bot", '"curl"'), referers=(r"~evil\.test", '""'))


@pytest.mark.parametrize(
    ("extra", "is_blocked"),
    [
        (b"User-Agent: GoogleBot\r\n", (True, True)),
        (b"User-Agent: x\r\nReferer: https://good.test/\r\n", (False, False)),
        (b"Referer: https://evil.test/\r\n", (False, True)),
        (b"user-agent: cURL\r\nReferer: a\r\n", (True, False)),
        (b"User-Agent: bo\xfft\r\nReferer: \xff\r\n", (False, False)),
    ],
)
async def test_fields_that_are_blocked(extra: bytes, is_blocked: tuple[bool, bool]) -> None:
    surroundings = environment()
    surroundings.current.apply(Delta(1, global_policy=GlobalPolicy(blocklists=BOTH)))
    found = []
    for build in (block_user_agents, block_referers):
        act = build(route(), surroundings)
        assert act is not None
        found.append(act(get(extra=extra), None))
    assert found == [Refusal(403) if blocked else None for blocked in is_blocked]


async def test_where_nothing_is_blocked_there_is_no_filter() -> None:
    surroundings = environment()
    assert block_user_agents(route(), surroundings) is None
    assert block_referers(route(), surroundings) is None
