"""Pairs of files: manifests, and the routing table and findings they come to.

``cases/<name>.yaml`` is compiled and must give ``cases/<name>.txt``. Comments ``# flags: {...}`` in
the manifests are CompilerSettings as JSON. A Secret of type ``test/generated`` is given a
certificate for the names in its ``stringData.names``. To accept what the compiler says now, set
INGRESSD_UPDATE_GOLDEN=1, run the tests, and read the difference.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import pytest
from support.certificates import CertificateAuthority
from support.objects import tls_secret
from support.rendering import render

from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.controller.self_signed import self_signed_certificate
from ingressd.resources.documents import decode_text
from ingressd.resources.metadata import Resource
from ingressd.resources.secret import Secret
from ingressd.sources.events import Added, Reported, Synced

CASES = Path(__file__).parent / "cases"
AUTHORITY = CertificateAuthority()
NOW = AUTHORITY.leaf("now.example.com").not_after - 3600


@pytest.mark.parametrize("name", sorted(case.stem for case in CASES.glob("*.yaml")))
def test_manifests_compile_to_table(name: str) -> None:
    expected = CASES / f"{name}.txt"
    actual = compiled((CASES / f"{name}.yaml").read_text())
    if "INGRESSD_UPDATE_GOLDEN" in os.environ:
        expected.write_text(actual)
    assert actual == expected.read_text()


def test_every_table_has_manifests() -> None:
    tables = {case.stem for case in CASES.glob("*.txt")}
    assert tables == {case.stem for case in CASES.glob("*.yaml")}


def compiled(text: str) -> str:
    flags = re.findall(r"^# flags: (.*)$", text, re.MULTILINE)
    settings = msgspec.json.decode(flags[0] if flags else "{}", type=CompilerSettings)
    decoding = decode_text(text, "case.yaml")
    controller = Controller(
        settings, fallback_certificate=self_signed_certificate(NOW), now=lambda: NOW
    )
    controller.apply(
        [
            Reported("case.yaml", decoding.findings),
            *(Added(with_certificate(located.resource)) for located in decoding.objects),
            Synced(),
        ]
    )
    return render(controller.table, controller.findings)


def with_certificate(resource: Resource) -> Resource:
    if not isinstance(resource, Secret) or resource.type != "test/generated":
        return resource
    pair = AUTHORITY.leaf(
        *resource.string_data["names"].split(), expired="expired" in resource.string_data
    )
    secret = tls_secret(resource.metadata.name, pair.chain, pair.private_key)
    return msgspec.structs.replace(secret, metadata=resource.metadata)
