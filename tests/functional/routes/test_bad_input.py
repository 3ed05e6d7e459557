"""Bad input: everything else stays served, and each fault is a finding that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.clients import fetch
from support.commands import ingressd
from support.pods import named, pod
from support.processes import serving

GOOD = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: good, creationTimestamp: "2020-01-01T00:00:00Z"}
spec:
  rules:
  - host: good.test
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: web}
subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{name: http, port: PORT}]}]
"""

PATHS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: bad
  annotations: {nginx.ingress.kubernetes.io/use-regex: "REGEX"}
spec:
  tls: TLS
  rules:
  - host: HOST
    http:
      paths:
      - {path: "PATH", pathType: ImplementationSpecific, backend: {service: {name: SERVICE, port: {name: NAME}}}}
      - {path: /works, pathType: ImplementationSpecific, backend: {service: {name: web, port: {number: 80}}}}
"""  # noqa: E501


def bad(**changes: str) -> str:
    values = {
        "REGEX": "false", "TLS": "[]", "HOST": "bad.test", "PATH": "/x", "SERVICE": "web",
        "NAME": "http",
    } | changes  # fmt: skip
    text = PATHS
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text


BACKEND_FIELD = "spec.rules[0].http.paths[0].backend"
PATH_FIELD = "spec.rules[0].http.paths[0]"
TWICE = bad(HOST="good.test", PATH="/").replace("ImplementationSpecific", "Prefix")

CASES = [
    pytest.param("kind: Ingress\nmetadata: {name: broken\n", "InvalidDocument", "", id="document"),
    pytest.param(bad(NAME="htpp"), "ServicePortMissing", BACKEND_FIELD, id="port"),
    pytest.param(bad(SERVICE="wob"), "ServiceMissing", BACKEND_FIELD, id="service"),
    pytest.param(
        bad(TLS="[{hosts: [bad.test], secretName: none}]"), "SecretMissing", "spec.tls[0]", id="tls"
    ),
    pytest.param(bad(REGEX="true", PATH="/x("), "RegexInvalid", f"{PATH_FIELD}.path", id="regex"),
    pytest.param(TWICE, "PathConflict", PATH_FIELD, id="claimed twice"),
]


@pytest.mark.parametrize(("manifest", "code", "field"), CASES)
async def test_one_fault_costs_nothing_else(
    tmp_path: Path, manifest: str, code: str, field: str
) -> None:
    async with pod(named(b"web")) as web:
        (tmp_path / "good.yaml").write_text(GOOD.replace("PORT", str(web.port)))
        (tmp_path / "bad.yaml").write_text(manifest)
        async with serving(["--manifests", str(tmp_path)]) as running:
            assert (await fetch(running.http, host=b"good.test")).body == b"web"
            if "metadata: {name: broken" not in manifest and "none" not in manifest:
                host = b"good.test" if "good.test" in manifest else b"bad.test"
                assert (await fetch(running.http, b"/works", host)).body == b"web"
        finding = the_finding(tmp_path, code)
    assert finding["field"].startswith(field)
    assert finding["message"] and finding["remedy"]


async def test_no_pattern_lets_one_request_hold_a_worker(tmp_path: Path) -> None:
    """An engine that backtracks would try the first path in 2**4000 ways."""
    annotated = GOOD.replace(
        'Z"}', 'Z", annotations: {nginx.ingress.kubernetes.io/use-regex: "true"}}'
    )
    async with pod(named(b"web")) as web:
        manifest = annotated.replace("path: /,", 'path: "/(a+)+$",').replace("PORT", str(web.port))
        (tmp_path / "evil.yaml").write_text(manifest)
        async with serving(["--manifests", str(tmp_path)]) as running:
            answer = await fetch(running.http, b"/" + b"a" * 4000 + b"b", b"good.test")
            assert answer.status == 404
            assert (await fetch(running.http, b"/aaa", b"good.test")).body == b"web"


def the_finding(folder: Path, code: str) -> dict[str, Any]:
    """The finding of this code, as ``ingressd check`` reports it with exit code 1."""
    result = ingressd("check", folder, "--output", "json")
    assert result.exit_code == 1, result.output
    found = msgspec.json.decode(result.stdout)
    findings = found["findings"] if isinstance(found, dict) else found
    (finding,) = [each for each in findings if each["code"] == code]
    return dict(finding)
