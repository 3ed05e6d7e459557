"""The size, the buffering and the pace of bodies."""

from __future__ import annotations

from ingressd.compiler.annotations.elsewhere import drops_unless
from ingressd.compiler.annotations.row import Directives, Modified, Row, Support, Tier
from ingressd.compiler.annotations.vain_limits import no_rate, nothing_ahead
from ingressd.compiler.annotations.values import integer, kilobytes, on_off, size

_BUFFERED = Modified(
    "`proxy-buffering: on`", lambda directives: directives.policy.buffering.answers
)


def _reads_bodies(directives: Directives) -> bool:
    """Whether anything has request bodies read whole."""
    policy = directives.policy
    copies = policy.mirror is not None and policy.mirror.sends_body
    return policy.buffering.requests or copies or policy.pod_http.version == "1.0"


ROWS = (
    Row(
        name="proxy-body-size",
        field="policy.body_limit",
        value=size(),
        tier=Tier.COMMON,
        summary="Largest request body, such as 8m, else 413; 0 for any size (default 1m).",
    ),
    Row(
        name="proxy-request-buffering",
        field="policy.buffering.requests",
        value=on_off(),
        takes_lines=True,
        tier=Tier.COMMON,
        summary="Read the whole request body before a pod gets it: on (default) or off.",
    ),
    Row(
        name="proxy-buffering",
        field="policy.buffering.answers",
        value=on_off(),
        takes_lines=True,
        tier=Tier.COMMON,
        summary="Take answers from the pod faster than the client reads them: on or off (default). "
        "With limit-rate the pod waits all the same.",
    ),
    Row(
        name="proxy-buffer-size",
        field="policy.buffering.buffer_size",
        value=size(gigabytes=False),
        tier=Tier.COMMON,
        summary="Size of a buffer for an answer (default 4k); beyond 64k also of the largest head, "
        "which may have 64k anyway.",
    ),
    Row(
        name="client-body-buffer-size",
        field="policy.buffering.request_memory",
        value=size(gigabytes=False),
        tier=Tier.EXPECTED,
        elsewhere=drops_unless("(?i)[0-9]+[bkmg]?"),
        modifies=Modified("`proxy-request-buffering: on`", _reads_bodies),
        summary="Memory for a request body that is read whole; a larger one waits in a temporary "
        "file (default 128k; nginx: 8k or 16k).",
    ),
    Row(
        name="proxy-buffers-number",
        field="policy.buffering.buffers",
        value=integer(at_least=1),
        modifies=_BUFFERED,
        tier=Tier.EXPECTED,
        summary="Buffers for an answer (default 4; 64k in all at least).",
    ),
    Row(
        name="proxy-busy-buffers-size",
        value=size(gigabytes=False),
        tier=Tier.EXPECTED,
        summary="Buffers being sent to the client.",
        support=Support.NO_OP,
        instead="flow control bounds what is being sent",
        remedy="leave it or remove it",
    ),
    Row(
        name="proxy-max-temp-file-size",
        field="policy.buffering.answer_file",
        value=size(),
        modifies=_BUFFERED,
        tier=Tier.EXPECTED,
        summary="Largest temporary file for an answer; 0 for none (default 1024m).",
    ),
    Row(
        name="limit-rate",
        field="policy.bandwidth.rate",
        value=kilobytes(clamps=True),
        idles=no_rate,
        tier=Tier.RARE,
        summary="Kilobytes a second that a client gets of an answer, 0 for no limit (default 0).",
    ),
    Row(
        name="limit-rate-after",
        field="policy.bandwidth.after",
        value=kilobytes(clamps=True),
        idles=nothing_ahead,
        modifies=Modified("`limit-rate`", lambda directives: directives.policy.bandwidth.rate),
        tier=Tier.RARE,
        summary="Kilobytes of an answer that come before limit-rate (default 0).",
    ),
)
