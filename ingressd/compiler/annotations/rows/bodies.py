"""The size, the buffering and the pace of bodies."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Support, Tier


def _buffer_row(name: str, tier: Tier, summary: str) -> Row:
    """Sizes that nginx allocates; here flow control bounds what a request can hold."""
    return Row(
        name=name,
        tier=tier,
        summary=summary,
        support=Support.NO_OP,
        instead="bodies are passed on as they come, and flow control bounds the memory they take",
        remedy="leave it or remove it",
    )


ROWS = (
    Row(
        name="proxy-body-size",
        tier=Tier.COMMON,
        summary="Largest request body, such as 8m, else 413; 0 for any size (default 1m).",
        support=Support.NOT_YET,
        instead="bodies of any size are accepted",
        remedy="limit them in the application",
        usual="0",
    ),
    Row(
        name="proxy-request-buffering",
        tier=Tier.COMMON,
        summary="Read the whole request body before a pod gets it: on (default) or off.",
        support=Support.NOT_YET,
        instead="bodies are passed on as they come, as with off",
        remedy="remove it",
        usual="off",
    ),
    Row(
        name="proxy-buffering",
        tier=Tier.COMMON,
        summary="Take answers from the pod faster than the client reads them: on or off (default).",
        support=Support.NOT_YET,
        instead="answers are passed on as they come, as with off",
        remedy="remove it",
        usual="off",
    ),
    Row(
        name="proxy-buffer-size",
        tier=Tier.COMMON,
        summary="Largest head of an answer, such as 16k (default 4k).",
        support=Support.NOT_YET,
        instead="up to 64k are accepted, as with 64k",
        remedy="remove it",
    ),
    _buffer_row("client-body-buffer-size", Tier.EXPECTED, "Memory for a request body."),
    _buffer_row("proxy-buffers-number", Tier.EXPECTED, "Buffers for an answer."),
    _buffer_row("proxy-busy-buffers-size", Tier.EXPECTED, "Buffers being sent to the client."),
    _buffer_row("proxy-max-temp-file-size", Tier.EXPECTED, "Disk for an answer."),
    Row(
        name="limit-rate",
        tier=Tier.RARE,
        summary="Kilobytes a second that a client gets of an answer, 0 for no limit (default 0).",
        support=Support.NOT_YET,
        instead="answers are sent as fast as the client reads",
        remedy="limit the rate in the application",
        usual="0",
    ),
    Row(
        name="limit-rate-after",
        requires="limit-rate",
        tier=Tier.RARE,
        summary="Kilobytes of an answer that come before limit-rate (default 0).",
        support=Support.NOT_YET,
        usual="0",
    ),
)
