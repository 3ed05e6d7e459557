"""Whom the ConfigMap keeps out may come where an Ingress has lists of its own: that is told."""

from __future__ import annotations

import pytest
from support.annotated import named_with_dashes
from support.annotation_examples import OBJECTS
from support.objects import PREFIX

from ingressd.compiler.annotations.reading import Surroundings, read_annotations
from ingressd.compiler.annotations.replaced_lists import blocks_by_default, tell_of_replaced
from ingressd.compiler.annotations.row import Directives
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import Access, Policy

INGRESS = ObjectKey("Ingress", "default", "web")
AROUND = Surroundings("default", OBJECTS.get)
BLOCKING = Directives(blocked=("192.0.2.0/24", "2001:db8::/32"))
DENYING = Directives(Policy(access=Access(deny=("192.0.2.1",))))
ALLOWING = Directives(Policy(access=Access(allow=("192.0.2.0/25",))))
BOTH = Directives(DENYING.policy, blocked=BLOCKING.blocked)
LOGGED_IN = {"auth_type": "basic", "auth_secret": "users", "satisfy": "any"}


def replaced(base: Directives, **annotations: str) -> dict[str, str]:
    """The key of the ConfigMap that is told of, by annotation."""
    named = named_with_dashes(annotations, f"{PREFIX}/")
    found = tell_of_replaced(INGRESS, read_annotations(named, PREFIX, base, AROUND), base)
    for each in found:
        assert (each.code, each.severity) == ("BlocklistReplaced", Severity.WARNING)
        assert each.subject == INGRESS
    start = f"metadata.annotations[{PREFIX}/"
    return {
        each.field.removeprefix(start)[:-1]: each.message.split("replaces ")[1].split()[0]
        for each in found
    }


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
    assert replaced(base, **{annotation: "192.0.2.128/25"}) == {annotation: key}


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
    ("base", "networks"),
    [
        (BLOCKING, "192.0.2.0/24,2001:db8::/32"),
        (BLOCKING, "192.0.2.0/25, 192.0.2.128/25, 2001::/16, 198.51.100.1"),
        (DENYING, "192.0.2.0/24"),
    ],
)
def test_a_denylist_that_covers_the_other_one_opens_nothing(
    base: Directives, networks: str
) -> None:
    assert replaced(base, denylist_source_range=networks) == {}


def test_an_allowlist_counts_where_it_overlaps_what_is_blocked() -> None:
    assert replaced(BLOCKING, allowlist_source_range="192.0.3.0/24, 10.0.0.1") == {}
    told = {"allowlist-source-range": "block-cidrs"}
    for networks in ("192.0.0.0/16", "192.0.2.7", "10.0.0.1, 2001:db8:1::/48"):
        assert replaced(BLOCKING, allowlist_source_range=networks) == told


def test_an_address_on_the_allowlist_may_be_denied_all_the_same() -> None:
    allowed = {"allowlist_source_range": "192.0.2.0/28"}
    assert replaced(BLOCKING, **allowed, denylist_source_range="192.0.2.0/27") == {}
    told = replaced(BLOCKING, **allowed, denylist_source_range="192.0.2.0/29")
    assert told == {"denylist-source-range": "block-cidrs"}, "once for both"


def test_where_any_suffices_who_is_on_no_list_may_log_in() -> None:
    allowed = {"allowlist_source_range": "10.0.0.0/8"}
    assert replaced(BLOCKING, **allowed, **LOGGED_IN) == {"allowlist-source-range": "block-cidrs"}
    assert replaced(BLOCKING, **allowed, **{**LOGGED_IN, "satisfy": "all"}) == {}


@pytest.mark.parametrize(
    ("base", "expected"), [(Directives(), False), (BLOCKING, True), (DENYING, False), (BOTH, False)]
)
def test_other_lists_of_the_configmap_go_before_blocked_networks(
    base: Directives, expected: bool
) -> None:
    assert blocks_by_default(base) is expected
