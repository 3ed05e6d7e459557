"""ConfigMaps that the ConfigMap names."""

from __future__ import annotations

import pytest
from support.objects import meta

from ingressd.compiler.configmap.compiled import CompiledGlobals, compile_configmap
from ingressd.compiler.configmap.header_fields import objects_named
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.metadata import ObjectKey
from ingressd.resources.secret import ConfigMap

SETTINGS = CompilerSettings(configmap="default/settings")


def compiled(named: dict[str, str], **keys: str) -> CompiledGlobals:
    fields = ConfigMap(metadata=meta("fields"), data=named)
    data = {name.replace("_", "-"): text for name, text in keys.items()}
    found = {fields.key: fields}
    return compile_configmap(ConfigMap(metadata=meta("settings"), data=data), SETTINGS, found.get)


def test_fields_are_part_of_the_global_policy() -> None:
    keys = {"add_headers": "default/fields", "proxy_set_headers": "default/fields"}
    made = compiled({"X-B": "$host", "X-A": ""}, **keys)
    pairs = (("X-A", ""), ("X-B", "$host"))
    assert (made.global_policy.answer_fields, made.global_policy.pod_fields) == (pairs, pairs)
    assert made.findings == ()


@pytest.mark.parametrize(
    ("key", "named", "message"),
    [
        ("add-headers", {"Connection": "close"}, "has Connection, which ingressd writes itself; "),
        ("add-headers", {"X-A": "$nothing"}, "has unknown variable $nothing in the value of X-A"),
        ("proxy-set-headers", {"X-A": "a\nb"}, "has a line break"),
        ("proxy-set-headers", {"X A": "b"}, "which is not the name of a header"),
    ],
)
def test_what_cannot_be_used_is_told_and_nothing_is_set(
    key: str, named: dict[str, str], message: str
) -> None:
    made = compiled(named, **{key: "default/fields"})
    (found,) = made.findings
    assert (found.code, found.field) == ("ConfigMapKeyInvalid", f"data[{key}]")
    assert message in found.message
    assert made.global_policy.answer_fields == made.global_policy.pod_fields == ()


def test_one_that_does_not_exist_is_told() -> None:
    (found,) = compiled({}, add_headers="other/fields").findings
    assert "ConfigMap other/fields does not exist" in found.message


def test_what_pods_are_told_by_ingressd_is_left_out_alone() -> None:
    made = compiled({"Host": "b", "X-A": "1"}, proxy_set_headers="default/fields")
    assert made.global_policy.pod_fields == (("X-A", "1"),)
    (found,) = made.findings
    assert "has Host, which ingressd writes itself; the others are set" in found.message


def test_what_is_named() -> None:
    texts = {"add-headers": " a/b ", "proxy-set-headers": "c", "other": "d/e"}
    assert objects_named(texts) == {ObjectKey("ConfigMap", "a", "b")}
