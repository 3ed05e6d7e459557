"""What one client may cost."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import Parser, boolean, integer, seconds, size, switch
from ingressd.compiler.configmap.row import HeaderBuffers, Row, no_op

_ALL_DESCRIPTORS = 1 << 20  # more than any process has


def _parse_buffers(text: str) -> HeaderBuffers:
    number, _, bytes_each = text.strip().partition(" ")
    buffers = HeaderBuffers(integer().parse(number), size().parse(bytes_each))  # type: ignore[arg-type]
    if buffers.number < 1 or buffers.size < _SMALLEST_BUFFER:
        raise ValueError("too small")
    return buffers


_SMALLEST_BUFFER = 256


def _parse_connections(text: str) -> int:
    wanted = integer(at_least=0).parse(text)
    assert isinstance(wanted, int)
    return wanted or _ALL_DESCRIPTORS


ROWS = (
    Row(
        name="client-header-timeout",
        field="global_policy.limits.head_timeout",
        value=seconds(),
        default="60",
        summary="Seconds for the head of a request, else 408.",
    ),
    Row(
        name="client-body-timeout",
        field="global_policy.limits.body_timeout",
        value=seconds(),
        default="60",
        summary="Seconds that a client may pause within a body, else 408.",
    ),
    Row(
        name="large-client-header-buffers",
        field="header_buffers",
        value=Parser('a number and a size such as "4 8k"', _parse_buffers),
        default="2 32k",
        summary="Number and size of buffers: no line of a head may be longer than one, else 414 or "
        "431, and no head longer than all.",
    ),
    no_op(
        "client-header-buffer-size",
        "First buffer for a head.",
        "1k",
        "memory for a head is taken as it comes",
    ),
    Row(
        name="client-body-buffer-size",
        field="directives.policy.buffering.request_memory",
        value=size(gigabytes=False),
        default="128k",
        summary="Memory for a request body that is read whole; a larger one waits in a temporary "
        "file.",
    ),
    Row(
        name="keep-alive",
        field="global_policy.limits.keep_alive",
        value=seconds(at_least=0),
        default="75",
        summary="Seconds that a client's connection may wait for its next request; 0: it closes "
        "after each answer.",
    ),
    Row(
        name="keep-alive-requests",
        field="global_policy.limits.keep_alive_requests",
        value=integer(at_least=0),
        default="1000",
        summary="Requests on one connection of a client.",
    ),
    Row(
        name="max-worker-connections",
        field="global_policy.limits.connections",
        value=Parser(integer(at_least=0).expected, _parse_connections),
        default="16384",
        summary="Open connections of clients in a worker; 0 for all that its descriptors and its "
        "memory allow.",
    ),
    no_op(
        "max-worker-open-files",
        "Descriptors of a worker.",
        "0",
        "a worker takes all descriptors that it is allowed",
    ),
    Row(
        name="enable-underscores-in-headers",
        field="global_policy.underscored_fields",
        value=boolean(),
        default="false",
        summary="Pass on request fields with an underscore in their name, but for those that would "
        "be X-Forwarded-For or another field of ingressd if that were a dash.",
    ),
    Row(
        name="ignore-invalid-headers",
        default="true",
        field="global_policy.underscored_fields",
        value=switch(off=True),
        summary="Drop request fields with invalid names instead of passing them on.",
        support=Support.NEVER,
        instead="fields with an underscore in their name are passed on, and a request with another "
        "invalid name is refused with 400, as always",
        remedy="set enable-underscores-in-headers, and remove it",
        usual="true",
    ),
)
