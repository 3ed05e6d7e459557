"""What is spoken to the pods, and to which address."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ingressd.compiler.annotations.elsewhere import drops_ingress, drops_unless
from ingressd.compiler.annotations.row import Row, Scope, Support, Tier
from ingressd.compiler.annotations.values import Parser, boolean, matching, template
from ingressd.routing.policy import PodProtocol

_PROTOCOLS: Mapping[str, PodProtocol | None] = MappingProxyType(
    {
        **{protocol.value: protocol for protocol in PodProtocol},
        **dict.fromkeys(("GRPC", "GRPCS", "FCGI")),
    }
)


def _protocol(text: str) -> PodProtocol | None:
    """None for one that ingress-nginx speaks, and ingressd does not."""
    word = text.strip().upper()
    if word not in _PROTOCOLS:
        raise ValueError("not a protocol")
    return _PROTOCOLS[word]


def _unspoken(text: str) -> str:
    word = text.strip().upper()
    if _PROTOCOLS.get(word, PodProtocol.HTTP) is not None:
        return ""
    if word == "FCGI":
        return "FastCGI is not spoken"
    return "gRPC is not spoken: it needs HTTP/2, and pods are spoken to in HTTP/1.1"


ROWS = (
    Row(
        name="backend-protocol",
        tier=Tier.COMMON,
        field="policy.pod_protocol",
        value=Parser("HTTP, HTTPS, AUTO_HTTP, GRPC, GRPCS or FCGI", _protocol),
        takes_lines=True,
        lacks=_unspoken,
        # Such pods do not understand HTTP/1.1: an answer of ours says more than what they would.
        protects=lambda text: bool(_unspoken(text)),
        summary="HTTP (default), HTTPS or AUTO_HTTP (that of the client). With GRPC, GRPCS or FCGI "
        "the paths answer 503: ingressd does not speak these.",
        remedy="give the pods a port that speaks HTTP/1.1, or serve them another way",
    ),
    Row(
        name="service-upstream",
        scope=Scope.UPSTREAM,
        tier=Tier.COMMON,
        field="upstream.service_upstream",
        value=boolean(),
        summary="Send to the cluster IP of the Service instead of to its pods (default false); the "
        "oldest Ingress decides.",
    ),
    Row(
        name="upstream-vhost",
        tier=Tier.COMMON,
        elsewhere=drops_ingress,
        field="policy.pod_host",
        value=template(
            r"[-._~a-zA-Z0-9:$\[\]{}]+",
            "a host, in which variables such as $service_name may stand",
            groups=True,
        ),
        summary="Host of the request to the pod instead of that of the client; may have variables "
        "such as $service_name.",
    ),
    Row(
        name="proxy-http-version",
        field="policy.pod_http.version",
        value=matching(r"1\.[01]", "1.0 or 1.1"),
        takes_lines=True,
        tier=Tier.EXPECTED,
        summary="HTTP version towards pods, 1.0 or 1.1 (default 1.1). With 1.0, request bodies are "
        "always read whole before; upgrades are asked for in 1.1.",
    ),
    Row(
        name="connection-proxy-header",
        elsewhere=drops_ingress,
        field="policy.pod_http.connection",
        value=matching("close|keep-alive", "close or keep-alive"),
        tier=Tier.EXPECTED,
        summary="Connection header of the request to the pod: close (one request for each "
        "connection) or keep-alive. Upgrades still ask for them, other than in ingress-nginx.",
    ),
    Row(
        name="fastcgi-index",
        value=matching("[-._A-Za-z0-9]+", "the name of a file such as index.php"),
        elsewhere=drops_unless("[-._A-Za-z0-9]+"),
        tier=Tier.RARE,
        summary="File that a FastCGI backend runs for a path that ends in a slash.",
        support=Support.NEVER,
        instead="FastCGI is not spoken",
        remedy="put an HTTP server beside the application",
    ),
    Row(
        name="fastcgi-params-configmap",
        value=matching("[-._~a-zA-Z0-9/:]+", "the name of an object, or namespace/name"),
        elsewhere=drops_unless("[-._~a-zA-Z0-9/:]*"),
        tier=Tier.RARE,
        summary="ConfigMap with parameters for a FastCGI backend.",
        support=Support.NEVER,
        instead="FastCGI is not spoken",
        remedy="put an HTTP server beside the application",
    ),
)
