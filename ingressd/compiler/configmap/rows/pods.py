"""Requests on their way to pods."""

from __future__ import annotations

from ingressd.compiler.annotations.values import (
    boolean,
    choice,
    duration,
    hash_key,
    integer,
    matching,
    on_off,
    retry_conditions,
    seconds,
    size,
    switch,
)
from ingressd.compiler.configmap.row import Row, no_op
from ingressd.routing.policy import LoadBalance

_FLOW_CONTROL = "flow control bounds what is being sent"


def _timeout_row(name: str, field: str, default: str, summary: str) -> Row:
    return Row(
        name=name,
        field=f"directives.{field}",
        value=seconds(),
        default=default,
        summary=summary,
    )


ROWS = (
    _timeout_row(
        "proxy-connect-timeout",
        "policy.timeouts.connect",
        "5",
        "Seconds to connect to a pod.",
    ),
    _timeout_row(
        "proxy-read-timeout",
        "read_timeout",
        "",
        "Seconds between two reads, and for which a WebSocket may be idle. Without the key: 60, "
        "and 3600 for a WebSocket.",
    ),
    _timeout_row(
        "proxy-send-timeout",
        "policy.timeouts.send",
        "60",
        "Seconds between two writes.",
    ),
    Row(
        name="upstream-keepalive-connections",
        field="global_policy.upstream_keep_alive.connections",
        value=integer(at_least=0),
        default="320",
        summary="Idle connections that a worker keeps to one pod.",
    ),
    Row(
        name="upstream-keepalive-timeout",
        field="global_policy.upstream_keep_alive.idle",
        value=seconds(),
        default="4",
        summary="Seconds that a connection to a pod may idle. Keep it below what the pods allow.",
    ),
    Row(
        name="upstream-keepalive-requests",
        field="global_policy.upstream_keep_alive.requests",
        value=integer(at_least=1),
        default="10000",
        summary="Requests on one connection to a pod.",
    ),
    Row(
        name="upstream-keepalive-time",
        field="global_policy.upstream_keep_alive.age",
        value=duration(),
        default="1h",
        summary="Age at which a connection to a pod takes no more requests.",
    ),
    Row(
        name="proxy-body-size",
        field="directives.policy.body_limit",
        value=size(),
        default="1m",
        summary="Largest request body, such as 8m, else 413; 0 for any size.",
    ),
    Row(
        name="proxy-request-buffering",
        field="directives.policy.buffering.requests",
        value=on_off(),
        default="on",
        summary="Read the whole request body before a pod gets it: on or off.",
    ),
    Row(
        name="proxy-buffering",
        field="directives.policy.buffering.answers",
        value=on_off(),
        default="off",
        summary="Take answers from the pod faster than the client reads them: on or off.",
    ),
    Row(
        name="proxy-buffer-size",
        field="directives.policy.buffering.buffer_size",
        value=size(gigabytes=False),
        default="4k",
        summary="Size of a buffer for an answer; beyond 64k also of the largest head.",
    ),
    Row(
        name="proxy-buffers-number",
        field="directives.policy.buffering.buffers",
        value=integer(at_least=1),
        default="4",
        summary="Buffers for an answer, with proxy-buffering; 64k in all at least.",
    ),
    no_op("proxy-busy-buffers-size", "Buffers being sent to the client.", "", _FLOW_CONTROL),
    no_op("grpc-buffer-size-kb", "Buffer for an answer of gRPC.", "", _FLOW_CONTROL),
    Row(
        name="proxy-max-temp-file-size",
        field="directives.policy.buffering.answer_file",
        value=size(),
        default="1024m",
        summary="Largest temporary file for an answer, with proxy-buffering; 0 for none.",
    ),
    Row(
        name="proxy-http-version",
        field="directives.policy.pod_http.version",
        value=matching(r"1\.[01]", "1.0 or 1.1"),
        default="1.1",
        summary="HTTP version towards pods.",
    ),
    Row(
        name="proxy-next-upstream",
        field="directives.policy.retries.after",
        value=retry_conditions(),
        summary="Failures after which another pod is tried, as in the annotation. Without the key: "
        "a failed connection, and for idempotent methods a used one that the pod closed.",
    ),
    Row(
        name="proxy-next-upstream-tries",
        field="directives.policy.retries.tries",
        value=integer(at_least=0),
        default="3",
        summary="Tries in all, 0 for each pod once.",
    ),
    Row(
        name="proxy-next-upstream-timeout",
        field="directives.policy.retries.timeout",
        value=seconds(at_least=0),
        default="0",
        summary="Seconds after which no other try begins; 0 for no limit.",
    ),
    Row(
        name="retry-non-idempotent",
        field="directives.policy.retries.non_idempotent",
        value=boolean(),
        default="false",
        summary="Send POST, LOCK and PATCH to another pod, too, after a failure.",
    ),
    Row(
        name="service-upstream",
        field="directives.upstream.service_upstream",
        value=boolean(),
        default="false",
        summary="Send requests to the address of the Service instead of its pods.",
    ),
    Row(
        name="load-balance",
        field="directives.upstream.load_balance",
        value=choice(LoadBalance),
        default="round_robin",
        summary="Which pod gets a request: round_robin, or ewma for one that answers fast.",
    ),
    Row(
        name="upstream-hash-by",
        field="directives.upstream.hash_by",
        value=hash_key(),
        summary="Text with variables: equal ones go to the same pod.",
    ),
    Row(
        name="upstream-hash-by-subset",
        field="directives.upstream.hash_by_subset",
        value=boolean(),
        default="false",
        summary="With upstream-hash-by: the same few pods instead of the same one.",
    ),
    Row(
        name="upstream-hash-by-subset-size",
        field="directives.upstream.hash_by_subset_size",
        value=integer(at_least=1),
        default="3",
        summary="With upstream-hash-by-subset: how many pods.",
    ),
    Row(
        name="proxy-ssl-location-only",
        field="directives.shares_pod_tls",
        value=switch(on=False, off=True),
        default="false",
        summary="Let proxy-ssl-* count for the paths of their own Ingress only, not for the host.",
    ),
)
