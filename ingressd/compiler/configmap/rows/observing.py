"""Logs and traces."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import paths, switch
from ingressd.compiler.configmap.row import Row, no_op

_OWN_FORMAT = "the access log has the fields that README.md lists"
_STDOUT = "logs go to standard output"
_NO_STREAMS = "there are no TCP and UDP services"
_NO_TRACES = "no traces are made"


def _log_row(name: str, default: str, summary: str, instead: str, remedy: str) -> Row:
    return Row(
        name=name,
        default=default,
        summary=summary,
        support=Support.NOT_YET,
        instead=instead,
        remedy=remedy,
        usual=default,
    )


ROWS = (
    Row(
        name="disable-access-log",
        default="false",
        field="global_policy.access_log.is_on",
        value=switch(on=False, off=True),
        summary="Write no access log.",
    ),
    Row(
        name="disable-http-access-log",
        default="false",
        field="global_policy.access_log.is_on",
        value=switch(on=False),
        summary="The same for HTTP, which is all there is.",
    ),
    no_op("disable-stream-access-log", "The same for streams.", "false", _NO_STREAMS),
    Row(
        name="skip-access-log-urls",
        field="global_policy.access_log.skipped",
        value=paths(),
        summary="Paths, with their queries, separated by commas, that are not logged.",
    ),
    Row(
        name="log-format-upstream",
        summary="Format of the access log.",
        support=Support.NEVER,
        instead=_OWN_FORMAT,
        remedy="read the JSON that --log-format json writes",
    ),
    no_op("log-format-escape-json", "Escape values for JSON.", "false", _OWN_FORMAT),
    no_op("log-format-escape-none", "Escape nothing.", "false", _OWN_FORMAT),
    no_op("log-format-stream", "Format of the log of streams.", "", _NO_STREAMS),
    no_op("access-log-params", "Parameters of nginx's access_log.", "", _STDOUT),
    no_op("access-log-path", "File of the access log.", "", _STDOUT),
    no_op("http-access-log-path", "File of the access log of HTTP.", "", _STDOUT),
    no_op("stream-access-log-path", "File of the access log of streams.", "", _STDOUT),
    no_op("enable-access-log-for-default-backend", "Log its requests.", "true", "they are logged"),
    no_op("enable-auth-access-log", "Log requests to auth-url.", "false", "they are not logged"),
    no_op("error-log-path", "File of the error log.", "", "it is standard error"),
    no_op("error-log-level", "Level of the error log.", "notice", "it is that of ingressd"),
    no_op("debug-connections", "Clients whose connections are logged.", "", "none are"),
    _log_row("enable-syslog", "false", "Log to syslog.", _STDOUT, "collect standard output"),
    no_op("syslog-host", "Host of syslog.", "", _STDOUT),
    no_op("syslog-port", "Port of syslog.", "514", _STDOUT),
    _log_row(
        "enable-opentelemetry",
        "false",
        "Make traces.",
        _NO_TRACES,
        "trace in the application",
    ),
    no_op("opentelemetry-config", "File with its settings.", "", _NO_TRACES),
    no_op("opentelemetry-operation-name", "Name of the span.", "", _NO_TRACES),
    no_op(
        "opentelemetry-trust-incoming-span",
        "Go on with clients' traces.",
        "true",
        "the fields of traces are passed on as they come",
    ),
    no_op("otlp-collector-host", "Where traces are sent.", "", _NO_TRACES),
    no_op("otlp-collector-port", "Its port.", "4317", _NO_TRACES),
    no_op("otel-service-name", "Name of the service.", "nginx", _NO_TRACES),
    no_op("otel-sampler", "Which requests are traced.", "AlwaysOn", _NO_TRACES),
    no_op("otel-sampler-ratio", "How many are.", "0.01", _NO_TRACES),
    no_op("otel-sampler-parent-based", "Follow the parent's choice.", "true", _NO_TRACES),
    no_op("otel-max-queuesize", "Spans that wait.", "2048", _NO_TRACES),
    no_op("otel-schedule-delay-millis", "Pause between two batches.", "5000", _NO_TRACES),
    no_op("otel-max-export-batch-size", "Spans in a batch.", "512", _NO_TRACES),
)
