from __future__ import annotations

import pytest

from ingressd.compiler.configmap.foreign import meant_by


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("allowlist-source-range", "did you mean whitelist-source-range?"),
        ("jaeger-sampler-type", "remove it: OpenTracing is gone from ingress-nginx, too"),
        ("keep-alive", ""),
        ("x-jaeger-", ""),
    ],
)
def test_keys_that_do_nothing_any_more(name: str, remedy: str) -> None:
    assert meant_by(name) == remedy
