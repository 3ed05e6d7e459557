from __future__ import annotations

import asyncio
import json
from typing import Any

from ingressd.controller.cluster.authorship import Authorship
from ingressd.controller.cluster.elector import Candidate

OURS = "ingressd/ingress/leader"
STATUS = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}


def written(name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "managedFields": entries}}


def entry(manager: str, fields: dict[str, Any], **rest: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **rest}


class Pages:
    """An API server that lists these pages, one after the other."""

    def __init__(self, *pages: list[dict[str, Any]] | None) -> None:
        self.asked: list[dict[str, str | int]] = []
        self._pages = pages

    async def get(self, path: str, **query: str | int) -> bytes:
        assert path == "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
        self.asked.append(query)
        number = len(self.asked)
        more = {"continue": str(number)} if number < len(self._pages) else {}
        return json.dumps({"metadata": more, "items": self._pages[number - 1]}).encode()


def found(pages: Pages, lease: str = "leader") -> set[str]:
    authorship = Authorship(pages, Candidate("a", "ingress", lease))  # type: ignore[arg-type]
    return {key.name for key in asyncio.run(authorship.ingresses_with_our_status("shop"))}


def test_only_a_status_that_nobody_has_changed_since_is_ours() -> None:
    pages = Pages(
        [
            written("ours", entry("kubectl", {"f:spec": {}}), entry(OURS, STATUS)),
            written("of-today", entry(OURS, STATUS, subresource="status")),
            written("of-another-installation", entry("ingressd/other/leader", STATUS)),
            written("of-another-controller", entry("nginx-ingress-controller", STATUS)),
            written("overwritten", entry(OURS, {"f:metadata": {}}), entry("nginx", STATUS)),
            {"metadata": {"name": "unknown"}},
        ]
    )
    assert found(pages) == {"ours", "of-today"}


def test_every_page_is_read() -> None:
    page = [written("first", entry(OURS, STATUS))]
    pages = Pages(page, None, [written("last", entry(OURS, STATUS))])

    assert found(pages) == {"first", "last"}
    assert pages.asked == [
        {"limit": 500}, {"limit": 500, "continue": "1"}, {"limit": 500, "continue": "2"},
    ]  # fmt: skip


def test_writes_are_signed_with_a_name_that_the_server_takes() -> None:
    authorship = Authorship(Pages(), Candidate("a", "n" * 63, "l" * 253))  # type: ignore[arg-type]

    assert authorship.manager.startswith("ingressd/nnn")
    assert len(authorship.manager) == 128
