"""Secrets and ConfigMaps that annotations name, from a cluster's API into the table of workers."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from support.api_server import ApiDouble, Refusal
from support.certificates import CertificateAuthority
from support.routes import certificate
from support.rows import HARMLESS, PROTECTIVE, referring_rows
from support.watching import Heard, listening

from ingressd.cli.options.sources import SourceOptions
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.sources.kubernetes.api import ApiServer

PREFIX = "nginx.ingress.kubernetes.io"
PEM = CertificateAuthority().pem.decode()
SCOPE = SourceOptions(settings=CompilerSettings()).scope


@pytest.fixture(autouse=True)
def _referring() -> Iterator[None]:
    with referring_rows():
        yield


def ingress(double: ApiDouble, **named: str) -> None:
    annotations = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in named.items()}
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": "a.test", "http": {"paths": paths}}]
    spec = {"ingressClassName": "ingressd", "rules": rules}
    double.put("ingresses", "web", metadata={"annotations": annotations}, spec=spec)


def authorities(double: ApiDouble, text: str) -> None:
    data = {"ca.crt": base64.b64encode(text.encode()).decode()}
    double.put("secrets", "ca", type="Opaque", data=data)


class Following:
    """A controller that is given all that a source has said."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._taken = 0
        self._controller = Controller(
            CompilerSettings(), fallback_certificate=certificate("x"), now=lambda: 0.0
        )

    def is_open(self) -> bool:
        self._catch_up()
        hosts = self._controller.table.hosts.values()
        return any(route.backend is not None for host in hosts for route in host.routes)

    def entries(self) -> dict[str, bytes]:
        self._catch_up()
        secret = self._controller.table.secrets.get("default/ca")
        return secret.entries if secret is not None else {}

    def ciphers(self) -> str:
        self._catch_up()
        return self._controller.table.hosts["a.test"].policy.ciphers

    def _catch_up(self) -> None:
        while self._taken < len(self._heard.batches):
            self._controller.apply(self._heard.batches[self._taken])
            self._taken += 1


async def test_a_secret_that_comes_late_opens_what_it_protects_and_is_followed(
    double: ApiDouble, api: ApiServer
) -> None:
    ingress(double, **{PROTECTIVE.name: "ca"})
    async with listening(api, SCOPE) as heard:
        served = Following(heard)
        await heard.until(lambda: heard.synced)
        assert not served.is_open()
        authorities(double, PEM)
        await heard.until(served.is_open)
        assert served.entries() == {"ca.crt": PEM.encode()}
        authorities(double, PEM * 2)
        await heard.until(lambda: served.entries() == {"ca.crt": PEM.encode() * 2})
        double.delete("secrets", "ca")
        await heard.until(lambda: not served.is_open())
        assert served.entries() == {}


async def test_a_configmap_reaches_the_policy(double: ApiDouble, api: ApiServer) -> None:
    double.put("configmaps", "settings", data={"ciphers": "A"})
    ingress(double, **{HARMLESS.name: "settings"})
    async with listening(api, SCOPE) as heard:
        served = Following(heard)
        await heard.until(lambda: heard.synced)
        assert served.ciphers() == "A"
        double.put("configmaps", "settings", data={"ciphers": "B"})
        await heard.until(lambda: served.ciphers() == "B")


async def test_what_may_not_be_read_counts_as_missing(double: ApiDouble, api: ApiServer) -> None:
    double.put("configmaps", "settings", data={"ciphers": "A"})
    double.fail_always("list", "configmaps", Refusal(403))
    ingress(double, **{HARMLESS.name: "settings"})
    async with listening(api, SCOPE) as heard:
        served = Following(heard)
        await heard.until(lambda: heard.synced and "ConfigMapForbidden" in heard.codes)
        assert served.ciphers() == ""
        assert served.is_open()
