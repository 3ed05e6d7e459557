"""What is spoken to the pods, and to which address."""

from __future__ import annotations

from ingressd.compiler.annotations.row import Row, Scope, Support, Tier

ROWS = (
    Row(
        name="backend-protocol",
        tier=Tier.COMMON,
        summary="HTTP (default), HTTPS, AUTO_HTTP (that of the client), GRPC, GRPCS or FCGI.",
        support=Support.NOT_YET,
        instead="pods are spoken to in plain HTTP/1.1",
        remedy="remove it where it says HTTP, else give the pods a port that speaks HTTP",
        usual="http",
    ),
    Row(
        name="service-upstream",
        scope=Scope.UPSTREAM,
        tier=Tier.COMMON,
        summary="Send to the cluster IP of the Service instead of to its pods (default false).",
        support=Support.NOT_YET,
        instead="requests go straight to the pods",
        remedy="remove it, unless a service mesh needs the cluster IP",
        usual="false",
    ),
    Row(
        name="upstream-vhost",
        tier=Tier.COMMON,
        summary="Host header of the request to the pod.",
        support=Support.NOT_YET,
        instead="pods get the Host of the client",
        remedy="let the application accept the host of the rule",
    ),
    Row(
        name="proxy-http-version",
        tier=Tier.EXPECTED,
        summary="HTTP version towards pods, 1.0 or 1.1 (default 1.1).",
        support=Support.NOT_YET,
        instead="pods are spoken to in HTTP/1.1",
        remedy="remove it",
        usual="1.1",
    ),
    Row(
        name="connection-proxy-header",
        tier=Tier.EXPECTED,
        summary="Connection header of the request to the pod: close or keep-alive.",
        support=Support.NOT_YET,
        instead="connections to pods are kept and used again",
        remedy="let the application close its connections where it must",
    ),
    Row(
        name="fastcgi-index",
        tier=Tier.RARE,
        summary="File that a FastCGI backend runs for a path that ends in a slash.",
        support=Support.NEVER,
        instead="FastCGI is not spoken",
        remedy="put an HTTP server beside the application",
    ),
    Row(
        name="fastcgi-params-configmap",
        tier=Tier.RARE,
        summary="ConfigMap with parameters for a FastCGI backend.",
        support=Support.NEVER,
        instead="FastCGI is not spoken",
        remedy="put an HTTP server beside the application",
    ),
)
