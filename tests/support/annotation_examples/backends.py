"""Backends."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Directives
from ingressd.routing.policy import PodHttp, PodProtocol, Policy, UpstreamPolicy

EXAMPLES = {
    "backend-protocol": [
        ("HTTP", Directives()),
        ("https", Directives(Policy(pod_protocol=PodProtocol.HTTPS))),
        (" Auto_Http ", Directives(Policy(pod_protocol=PodProtocol.AUTO))),
        ("GRPC", Directives(Policy(is_closed=True))),
    ],
    "upstream-vhost": [
        ("web.example.com:8080", Directives(Policy(pod_host="web.example.com:8080"))),
        ("$service_name.$1", Directives(Policy(pod_host="$service_name.$1"))),
    ],
    "proxy-http-version": [
        ("1.0", Directives(Policy(pod_http=PodHttp(version="1.0")))),
        ("1.1", Directives()),
    ],
    "connection-proxy-header": [
        ("close", Directives(Policy(pod_http=PodHttp(connection="close")))),
        ("keep-alive", Directives(Policy(pod_http=PodHttp(connection="keep-alive")))),
    ],
    "service-upstream": [
        ("true", Directives(upstream=UpstreamPolicy(service_upstream=True))),
        ("false", Directives()),
    ],
}
INVALID = [
    *(("backend-protocol", text) for text in ("", "HTTP2", "AUTO", "ws")),
    *(("upstream-vhost", text) for text in ("", "a b", "$nobody", "a\nb", "a/b")),
    ("service-upstream", "on"),
    ("proxy-http-version", "2"),
    ("connection-proxy-header", "upgrade"),
]
