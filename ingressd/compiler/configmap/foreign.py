"""Keys that ConfigMaps carry and ingress-nginx 1.15 does not know: what was meant by them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "allowlist-source-range": "did you mean whitelist-source-range?",
        "disable-access-log-for-default-backend": "remove it",
        "enable-opentracing": "did you mean enable-opentelemetry?",
        "enable-vts-status": "remove it: /metrics of the admin port has the figures",
        "proxy-stream-buffer-size": "remove it",
        "proxy-hide-headers": "did you mean hide-headers?",
        "use-geoip": "remove it",
    }
)
_BY_START = (
    ("datadog-", "remove it: OpenTracing is gone from ingress-nginx, too"),
    ("jaeger-", "remove it: OpenTracing is gone from ingress-nginx, too"),
    ("opentracing-", "remove it: OpenTracing is gone from ingress-nginx, too"),
    ("zipkin-", "remove it: OpenTracing is gone from ingress-nginx, too"),
)


def meant_by(name: str) -> str:
    """What to do about a key that does nothing any more; "" for any other."""
    remedy = _BY_NAME.get(name, "")
    return remedy or next((told for start, told in _BY_START if name.startswith(start)), "")
