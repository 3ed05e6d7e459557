"""Every row: what it sets, what it refuses, and that it is documented as it is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from msgspec import structs
from support.configmap_examples import EXAMPLES, INVALID

from ingressd.compiler.annotations.row import Support
from ingressd.compiler.configmap.compiled import CompiledGlobals, compile_configmap
from ingressd.compiler.configmap.foreign import meant_by
from ingressd.compiler.configmap.row import Row
from ingressd.compiler.configmap.table import BY_NAME, ROWS
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.metadata import ObjectMeta
from ingressd.resources.secret import ConfigMap
from ingressd.routing.policy import DEFAULT_POLICY

SETTINGS = CompilerSettings(configmap="default/settings")
READ = [row for row in ROWS if row.value is not None]
BUFFERS = "large-client-header-buffers"
"""Without it three limits of their own hold, of which its default is the nearest text."""

INGRESS_NGINX = Path(__file__).with_name("ingress_nginx_1.15.txt").read_text().splitlines()
"""Every key of ingress-nginx 1.15, and some that older releases knew."""


def compiled(**keys: str) -> CompiledGlobals:
    data = {name.replace("_", "-"): text for name, text in keys.items()}
    metadata = ObjectMeta(name="settings", namespace="default")
    return compile_configmap(ConfigMap(metadata=metadata, data=data), SETTINGS)


def test_table_has_every_key_of_ingress_nginx() -> None:
    assert sorted(BY_NAME) == INGRESS_NGINX
    assert len(ROWS) == len(BY_NAME)


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
def test_row_sets_its_field(row: Row) -> None:
    for text, policy, directives in EXAMPLES[row.name]:
        made = compiled(**{row.name: text})
        of_all = structs.replace(made.global_policy, unmatched=DEFAULT_POLICY)  # of the directives
        assert (of_all, made.directives) == (policy, directives)
        for value in (made.global_policy, made.directives):
            plain = msgspec.to_builtins(value)
            assert msgspec.convert(plain, type(value)) == value, "the value fits the field's type"


@pytest.mark.parametrize(("name", "text"), INVALID)
def test_row_refuses(name: str, text: str) -> None:
    row = BY_NAME[name]
    assert row.value is not None
    with pytest.raises(ValueError, match=r"."):
        row.value.parse(text)


@pytest.mark.parametrize("row", [r for r in READ if r.name != BUFFERS], ids=lambda row: row.name)
def test_default_is_what_holds_without_the_key(row: Row) -> None:
    made, bare = compiled(**{row.name: row.default} if row.default else {}), compiled()
    assert made.directives == bare.directives
    assert made.global_policy == bare.global_policy


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_row_is_complete(row: Row) -> None:
    assert bool(row.field) == (row.value is not None)
    assert row.field or row.support is not Support.HONOURED
    assert (row.support is Support.HONOURED) is not bool(row.remedy)
    assert "\n" not in row.summary
    assert row.summary.endswith(".")
    assert not row.usual or row.support in (Support.NOT_YET, Support.NEVER)
    assert row.instead == row.instead.strip(" .;")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_an_empty_text_asks_for_nothing_or_is_refused(row: Row) -> None:
    made = compiled(**{row.name: ""})
    bare = compiled()
    assert (made.global_policy, made.directives) == (bare.global_policy, bare.directives)
    codes = {found.code for found in made.findings}
    assert codes <= ({"ConfigMapKeyInvalid"} if row.value is not None else set())


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
@pytest.mark.parametrize("text", [str(2**63 - 1), str(2**53 - 1), "-1", "1" * 40])
def test_no_number_is_too_large_for_the_workers(row: Row, text: str) -> None:
    policy = compiled(**{row.name: text}).global_policy
    sent = msgspec.msgpack.encode(policy)
    assert msgspec.msgpack.decode(sent, type=type(policy)) == policy


def test_no_row_is_unknown_to_ingress_nginx() -> None:
    assert not [row.name for row in ROWS if meant_by(row.name)]


def test_what_closes_something_is_protective() -> None:
    assert {row.name for row in ROWS if row.is_protective} == {
        *("whitelist-source-range", "denylist-source-range"),
        *("block-cidrs", "block-user-agents", "block-referers"),
        *("global-auth-url", "global-auth-response-headers", "ssl-reject-handshake"),
        *("enable-modsecurity", "enable-owasp-modsecurity-crs", "modsecurity-snippet"),
        *("http-snippet", "server-snippet", "location-snippet", "stream-snippet"),
    }
