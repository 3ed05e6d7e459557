"""ConfigMaps that the ConfigMap of the flags names, from a cluster's API into the global policy."""

from __future__ import annotations

from support.api_server import ApiDouble
from support.routes import certificate
from support.watching import Heard, listening

from ingressd.cli.options.sources import SourceOptions
from ingressd.compiler.settings import CompilerSettings
from ingressd.controller.controller import Controller
from ingressd.sources.kubernetes.api import ApiServer

SETTINGS = CompilerSettings(configmap="default/settings")
SCOPE = SourceOptions(settings=SETTINGS).scope


class Following:
    """A controller that is given all that a source has said."""

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._taken = 0
        self._controller = Controller(
            SETTINGS, fallback_certificate=certificate("x"), now=lambda: 0.0
        )

    def fields(self) -> dict[str, str]:
        for batch in self._heard.batches[self._taken :]:
            self._controller.apply(batch)
        self._taken = len(self._heard.batches)
        return dict(self._controller.table.global_policy.answer_fields)


async def test_they_are_read_while_they_are_named(double: ApiDouble, api: ApiServer) -> None:
    double.put("configmaps", "settings", data={"add-headers": "other/fields"})
    double.put("configmaps", "fields", namespace="other", data={"X-A": "1"})
    async with listening(api, SCOPE) as heard:
        served = Following(heard)
        await heard.until(lambda: served.fields() == {"X-A": "1"})
        double.put("configmaps", "fields", namespace="other", data={"X-A": "2"})
        await heard.until(lambda: served.fields() == {"X-A": "2"})
        double.put("configmaps", "settings", data={})
        await heard.until(lambda: served.fields() == {})
        double.put("configmaps", "settings", data={"add-headers": "default/late"})
        double.put("configmaps", "late", data={"X-B": "3"})
        await heard.until(lambda: served.fields() == {"X-B": "3"})
        double.delete("configmaps", "settings")
        await heard.until(lambda: served.fields() == {})
