"""Keys that say how something is done which is not done at all."""

from __future__ import annotations

import pytest
from support.objects import meta

from ingressd.compiler.configmap.compiled import compile_configmap
from ingressd.compiler.settings import CompilerSettings
from ingressd.resources.finding import Severity
from ingressd.resources.secret import ConfigMap
from ingressd.routing.global_policy import GlobalPolicy

URL = {"global-auth-url": "http://auth.test"}


def told(keys: dict[str, str], flags: GlobalPolicy | None = None) -> dict[str, str]:
    """What keys without effect lack, by field."""
    settings = CompilerSettings(configmap="default/settings", global_policy=flags or GlobalPolicy())
    made = compile_configmap(ConfigMap(metadata=meta("settings"), data=keys), settings)
    idle = [found for found in made.findings if found.code == "ConfigMapKeyNoEffect"]
    assert all(found.severity is Severity.INFO for found in idle)
    lacked = {
        found.field: found.message.removeprefix("it has no effect without ") for found in idle
    }
    for found in idle:
        assert found.remedy == f"set {lacked[found.field]} as well, or remove this one"
    return lacked


@pytest.mark.parametrize(
    ("keys", "key", "switch"),
    [
        ({"global-auth-signin": "/login"}, "global-auth-signin", "global-auth-url"),
        ({"global-auth-method": "POST", "global-auth-url": ""}, "global-auth-method",
         "global-auth-url"),
        ({"hsts": "false", "hsts-max-age": "60"}, "hsts-max-age", "hsts: true"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_told(keys: dict[str, str], key: str, switch: str) -> None:
    assert told(keys) == {f"data[{key}]": switch}


def test_the_flag_decides_where_no_key_does() -> None:
    keys = {"hsts-max-age": "60"}
    assert told(keys, GlobalPolicy(strict_transport=None)).keys() == {"data[hsts-max-age]"}
    assert told(keys) == {}


@pytest.mark.parametrize(
    "keys",
    [
        {**URL, "global-auth-signin": "/login"},
        {"global-auth-url": "nonsense", "global-auth-signin": "/login"},
        {"global-auth-signin": ""},
        {"global-auth-method": "ASK"},
        {"hsts-max-age": "60"},
    ],
)
def test_what_has_one_or_is_told_of_already_is_not(keys: dict[str, str]) -> None:
    assert told(keys) == {}
