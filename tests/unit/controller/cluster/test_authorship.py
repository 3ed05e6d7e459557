from __future__ import annotations

import asyncio
from typing import Any

from support.object_store_api import ObjectStoreApi

from ingressd.controller.cluster.authorship import Authorship
from ingressd.controller.cluster.elector import Candidate

OURS = "ingressd/ingress/leader"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
STATUS = {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}


def written(name: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": name, "managedFields": entries}}


def entry(manager: str, fields: dict[str, Any], **rest: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **rest}


def found(*stored: dict[str, Any]) -> set[str]:
    """Which of the Ingresses of a namespace have a status of ours."""
    api = ObjectStoreApi()
    for each in stored:
        api.put(f"{INGRESSES}/{each['metadata']['name']}", each)
    authorship = Authorship(api, Candidate("a", "ingress", "leader"))  # type: ignore[arg-type]
    return {key.name for key in asyncio.run(authorship.ingresses_with_our_status("shop"))}


def test_only_a_status_that_nobody_has_changed_since_is_ours() -> None:
    assert found(
        written("ours", entry("kubectl", {"f:spec": {}}), entry(OURS, STATUS)),
        written("of-today", entry(OURS, STATUS, subresource="status")),
        written("of-another-installation", entry("ingressd/other/leader", STATUS)),
        written("of-another-controller", entry("nginx-ingress-controller", STATUS)),
        written("overwritten", entry(OURS, {"f:metadata": {}}), entry("nginx", STATUS)),
        {"metadata": {"name": "unknown"}},
    ) == {"ours", "of-today"}


def test_writes_are_signed_with_a_name_that_the_server_takes() -> None:
    candidate = Candidate("a", "n" * 63, "l" * 253)
    authorship = Authorship(ObjectStoreApi(), candidate)  # type: ignore[arg-type]

    assert authorship.manager.startswith("ingressd/nnn")
    assert len(authorship.manager) == 128
