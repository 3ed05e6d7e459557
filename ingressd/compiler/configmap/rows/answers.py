"""Fields, error pages and compression of answers; fields of requests."""

from __future__ import annotations

from ingressd.compiler.annotations.field_values import field_names, substitution
from ingressd.compiler.annotations.row import Support
from ingressd.compiler.annotations.values import boolean, statuses, switch
from ingressd.compiler.configmap.header_fields import qualified_name
from ingressd.compiler.configmap.row import Row, no_op

_UNCOMPRESSED = "answers are passed on as pods give them"
_COMPRESS = "let the application compress"
ROWS = (
    Row(
        name="add-headers",
        field="add_headers",
        value=qualified_name(),
        summary="ConfigMap (NS/NAME) with fields for every answer, in place of those of pods; "
        "variables such as $host may stand in them.",
    ),
    Row(
        name="hide-headers",
        field="directives.policy.answer_fields.hidden",
        value=field_names(),
        summary="Fields of pods' answers, separated by commas, that clients do not get.",
    ),
    Row(
        name="proxy-set-headers",
        field="set_headers",
        value=qualified_name(),
        summary="ConfigMap (NS/NAME) with fields for every request to a pod, in the same way.",
    ),
    Row(
        name="global-allowed-response-headers",
        field="directives.allowed_response_headers",
        value=field_names(),
        summary="Fields, separated by commas, that custom-headers of an Ingress may set.",
    ),
    Row(
        name="allow-backend-server-header",
        default="true",
        field="directives.policy.answer_fields.hides_server",
        value=switch(on=False, off=True),
        summary="Pass on the Server field of pods, as conformance demands; in ingress-nginx the "
        "default is false.",
    ),
    Row(
        name="server-tokens",
        default="false",
        summary="Name the proxy in answers.",
        support=Support.NEVER,
        instead="ingressd does not name itself",
        remedy="remove it",
        usual="false",
    ),
    Row(
        name="generate-request-id",
        default="true",
        summary="Give each request an X-Request-ID that has none.",
        support=Support.NEVER,
        instead="each request has one",
        remedy="remove it",
        usual="true",
    ),
    Row(
        name="proxy-add-original-uri-header",
        default="false",
        field="directives.policy.pod_fields.original_uri",
        value=boolean(),
        summary="X-Original-URI for pods: path and query as the client asked.",
    ),
    Row(
        name="proxy-cookie-domain",
        default="off",
        field="directives.policy.answer_fields.cookie_domain",
        value=substitution(ignores_dots=True),
        summary="Domain of pods' cookies, and what stands in its place.",
    ),
    Row(
        name="proxy-cookie-path",
        default="off",
        field="directives.policy.answer_fields.cookie_path",
        value=substitution(),
        summary="Start of the Path of pods' cookies, and what stands in its place.",
    ),
    Row(
        name="custom-http-errors",
        field="directives.policy.error_pages.statuses",
        value=statuses(300, 599),
        summary="Statuses, separated by commas, for which the default backend answers.",
    ),
    Row(
        name="disable-proxy-intercept-errors",
        field="directives.policy.error_pages.of_pods",
        value=switch(on=False, off=True),
        default="false",
        summary="Let custom-http-errors mean our own errors only.",
    ),
    no_op("default-type", "Content-Type of nginx's own files.", "text/html", "there are none"),
    Row(
        name="use-gzip",
        default="false",
        summary="Compress answers with gzip.",
        support=Support.NOT_YET,
        instead=_UNCOMPRESSED,
        remedy=_COMPRESS,
        usual="false",
    ),
    no_op("gzip-level", "Effort of gzip.", "1", _UNCOMPRESSED),
    no_op("gzip-min-length", "Smallest answer that gzip takes.", "256", _UNCOMPRESSED),
    no_op("gzip-types", "Types that gzip takes.", "", _UNCOMPRESSED),
    no_op("gzip-disable", "User-Agents that gzip leaves out.", "", _UNCOMPRESSED),
    Row(
        name="enable-brotli",
        default="false",
        summary="Compress answers with Brotli.",
        support=Support.NOT_YET,
        instead=_UNCOMPRESSED,
        remedy=_COMPRESS,
        usual="false",
    ),
    no_op("brotli-level", "Effort of Brotli.", "4", _UNCOMPRESSED),
    no_op("brotli-min-length", "Smallest answer that Brotli takes.", "20", _UNCOMPRESSED),
    no_op("brotli-types", "Types that Brotli takes.", "", _UNCOMPRESSED),
)
