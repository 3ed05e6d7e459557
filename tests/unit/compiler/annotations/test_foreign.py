from __future__ import annotations

import pytest

from ingressd.compiler.annotations.foreign import meant_by


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("secure-backends", "did you mean backend-protocol: HTTPS?"),
        ("rate-limit-window", "did you mean limit-rps or limit-rpm?"),
        ("use-forwarded-headers", "it is a key of the ConfigMap, not an annotation"),
        ("session-cookie-hash", "remove it: the hash in the cookie cannot be chosen"),
        ("influxdb-host", "remove it"),
        ("lua-resty-waf-debug", "remove it, and filter in front of ingressd"),
        ("global-rate-limit-key", "did you mean limit-rps or limit-rpm?"),
        ("proxy-cache-valid", "remove it, and cache in front of ingressd or in the application"),
    ],
)
def test_names_that_only_manifests_know(name: str, remedy: str) -> None:
    assert meant_by(name) == remedy


@pytest.mark.parametrize("name", ["limit-rps", "proxy-buffers-number", "session-cookie-name", ""])
def test_names_that_ingress_nginx_knows(name: str) -> None:
    assert meant_by(name) == ""
