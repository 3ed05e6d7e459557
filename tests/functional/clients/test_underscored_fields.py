"""Request fields with an underscore in their name (``enable-underscores-in-headers``)."""

from __future__ import annotations

from msgspec import structs
from support.clients import connect
from support.pods import pod
from support.proxies import proxy, simple

from ingressd.routing.global_policy import GlobalPolicy
from ingressd.routing.policy import FieldAction, FieldEdit, PodFields, Policy

SENT = (
    b"access_token: 1\r\n"
    b"X_Forwarded_For: 6.6.6.6\r\n"
    b"X_Real-IP: 6.6.6.6\r\n"
    b"Transfer_Encoding: chunked\r\n"
    b"Content_Length: 7\r\n"
    b"X_Tenant: theirs\r\n"
    b"X_Admin: yes\r\n"
)
EDITS = (
    FieldEdit(FieldAction.SET, "X-Tenant", "ours"),
    FieldEdit(FieldAction.REMOVE, "X-Admin"),
)


async def passed_on(*, keeps: bool) -> set[bytes]:
    """Which of the fields that were sent a pod gets."""
    policy = Policy(pod_fields=PodFields(edits=EDITS))
    async with pod() as web:
        table = simple([web.port], policy)
        kept = structs.replace(table, global_policy=GlobalPolicy(underscored_fields=keeps))
        async with proxy(kept) as running, connect(running.port) as client:
            assert (await client.get(extra=SENT)).status == 200
    (request,) = web.requests
    assert request.values(b"X-Tenant") == [b"ours"]
    return {name for name, _ in request.headers if b"_" in name}


async def test_they_are_dropped() -> None:
    assert await passed_on(keeps=False) == set()


async def test_where_they_are_kept_those_are_not_that_are_ours_to_a_pod_like_cgi() -> None:
    assert await passed_on(keeps=True) == {b"access_token"}
