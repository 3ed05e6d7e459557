"""What becomes of an annotation is told by ``check`` and by ``explain``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import ingressd

PREFIX = "example.com"
VERDICTS = {
    "ssl-redirect": ("false", None),
    "http2-push-preload": ("true", "no-op"),
    "proxy-read-timeout": ("60s", "invalid"),
    "auth-type": ("basic", "invalid"),
    "allowlist-source-range": ("10.0.0.0/8", None),
    "whitelist-source-range": ("10.0.0.0/8", "overridden"),
    "rate-limit": ("5", "never existed"),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.json"
    path.write_text(
        json.dumps(
            {
                "apiVersion": "networking.k8s.io/v1",
                "kind": "Ingress",
                "metadata": {
                    "name": "shop",
                    "annotations": {
                        f"{PREFIX}/{name}": text for name, (text, _) in VERDICTS.items()
                    },
                },
                "spec": {"defaultBackend": {"service": {"name": "shop", "port": {"number": 80}}}},
            }
        )
    )
    return path


def test_check_gives_the_verdict_on_each_annotation(shop: Path) -> None:
    result = ingressd("check", shop, "--annotations-prefix", PREFIX, "--output", "json")
    told = {found["field"]: found.get("verdict") for found in json.loads(result.output)}
    assert told.pop("spec.defaultBackend", "nothing") is None, "it is about no annotation"
    assert told == {
        f"metadata.annotations[{PREFIX}/{name}]": verdict
        for name, (_, verdict) in VERDICTS.items()
        if verdict
    }
    assert result.exit_code == 1


def test_programs_get_the_verdicts_from_explain(shop: Path) -> None:
    source = ("--manifests", shop, "--annotations-prefix", PREFIX, "--output", "json")
    told = json.loads(ingressd("explain", "http://shop.example.com/", *source).output)["findings"]
    verdicts = {found.get("verdict") for found in told}
    assert verdicts >= {verdict for _, verdict in VERDICTS.values() if verdict}


def test_explain_tells_why_a_path_is_closed(shop: Path) -> None:
    source = ("--manifests", shop, "--annotations-prefix", PREFIX)
    output = ingressd("explain", "http://shop.example.com/", *source).output
    assert f"metadata.annotations[{PREFIX}/auth-type]" in output
    assert "answer 503 so that nothing is left open" in " ".join(output.split())
