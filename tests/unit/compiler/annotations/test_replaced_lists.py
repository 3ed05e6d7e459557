"""Whom the ConfigMap keeps out may come where an Ingress has lists of its own: that is told."""

from __future__ import annotations

import pytest
from support.objects import PREFIX

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.replaced_lists import blocks_by_default, tell_of_replaced
from ingressd.compiler.annotations.row import Directives
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import Access, Policy

INGRESS = ObjectKey("Ingress", "default", "web")
BLOCKING = Directives(blocks_networks=True)
DENYING = Directives(Policy(access=Access(deny=("192.0.2.1",))))
ALLOWING = Directives(Policy(access=Access(allow=("10.0.0.0/8",))))
BOTH = Directives(DENYING.policy, blocks_networks=True)


def replaced(base: Directives, **annotations: str) -> dict[str, str]:
    """The key of the ConfigMap that is told of, by annotation."""
    named = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in annotations.items()}
    found = tell_of_replaced(INGRESS, read_annotations(named, PREFIX, base), base)
    for each in found:
        assert (each.code, each.severity) == ("BlocklistReplaced", Severity.WARNING)
        assert each.subject == INGRESS
    return {each.field: each.message.split("replaces ")[1].split()[0] for each in found}


@pytest.mark.parametrize(
    ("base", "annotation", "key"),
    [
        (BLOCKING, "allowlist-source-range", "block-cidrs"),
        (BLOCKING, "whitelist-source-range", "block-cidrs"),
        (BLOCKING, "denylist-source-range", "block-cidrs"),
        (DENYING, "denylist-source-range", "denylist-source-range"),
        (BOTH, "denylist-source-range", "denylist-source-range"),
    ],
)
def test_a_list_that_is_replaced_is_named(base: Directives, annotation: str, key: str) -> None:
    field = f"metadata.annotations[{PREFIX}/{annotation}]"
    assert replaced(base, **{annotation: "198.51.100.1"}) == {field: key}


@pytest.mark.parametrize(
    ("base", "annotations"),
    [
        (Directives(), {"denylist_source_range": "192.0.2.1"}),
        (BLOCKING, {"limit_rps": "1"}),
        (BLOCKING, {"denylist_source_range": "nonsense"}),
        (DENYING, {"allowlist_source_range": "192.0.2.1"}),
        (BOTH, {"allowlist_source_range": "192.0.2.1"}),
        (ALLOWING, {"allowlist_source_range": "192.0.2.1"}),
        (BLOCKING, {"canary": "true", "denylist_source_range": "192.0.2.1"}),
        (BLOCKING, {"denylist_source_range": "192.0.2.1", "server_snippet": "deny all;"}),
    ],
)
def test_what_still_holds_or_is_closed_is_not_told(
    base: Directives, annotations: dict[str, str]
) -> None:
    assert replaced(base, **annotations) == {}


@pytest.mark.parametrize(
    ("base", "expected"), [(Directives(), False), (BLOCKING, True), (DENYING, False), (BOTH, False)]
)
def test_other_lists_of_the_configmap_go_before_blocked_networks(
    base: Directives, expected: bool
) -> None:
    assert blocks_by_default(base) is expected
