"""Names that manifests carry and ingress-nginx 1.15 does not know: what was meant by them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LEGACY_PREFIX = "ingress.kubernetes.io"

_CONFIGMAP = "it is a key of the ConfigMap, not an annotation"
_WEBSOCKET = "remove it: WebSocket needs no annotation"
_RATE = "did you mean limit-rps or limit-rpm?"

_BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "add-base-url": "did you mean rewrite-target with x-forwarded-prefix?",
        "add-hosts": "did you mean server-alias?",
        "client-header-buffer-size": _CONFIGMAP,
        "enable-influxdb": "remove it",
        "enable-opentracing": "did you mean enable-opentelemetry?",
        "enable-websockets": _WEBSOCKET,
        "grpc-backend": "did you mean backend-protocol: GRPC?",
        "ingress-class": "did you mean spec.ingressClassName?",
        "large-client-header-buffers": _CONFIGMAP,
        "proxy-buffers": "did you mean proxy-buffers-number?",
        "proxy-set-headers": _CONFIGMAP,
        "rate-limit": _RATE,
        "rate-limit-burst": "did you mean limit-burst-multiplier?",
        "rate-limit-window": _RATE,
        "secure-backends": "did you mean backend-protocol: HTTPS?",
        "secure-verify-ca-secret": "did you mean proxy-ssl-secret with proxy-ssl-verify?",
        "session-cookie-hash": "remove it: the hash in the cookie cannot be chosen",
        "ssl-protocols": _CONFIGMAP,
        "ssl-verify": "did you mean proxy-ssl-verify or auth-tls-verify-client?",
        "use-forwarded-headers": _CONFIGMAP,
        "websocket-services": _WEBSOCKET,
    }
)
_BY_START = (
    ("global-rate-limit", _RATE),
    ("influxdb-", "remove it"),
    ("lua-resty-waf", "remove it, and filter in front of ingressd"),
    ("proxy-cache-", "remove it, and cache in front of ingressd or in the application"),
)


def meant_by(name: str) -> str:
    """What to do about a name (without its prefix) that never did anything; "" for any other."""
    remedy = _BY_NAME.get(name, "")
    return remedy or next((told for start, told in _BY_START if name.startswith(start)), "")
