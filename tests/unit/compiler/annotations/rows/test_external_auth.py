from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import NOTHING, Reading, Surroundings, read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.metadata import ObjectKey, ObjectMeta, Resource
from ingressd.resources.secret import ConfigMap
from ingressd.routing.policy import ExternalAuth

PREFIX = "nginx.ingress.kubernetes.io"
URL = "http://auth.test/"
EVERYWHERE = ExternalAuth("http://global.test/", signin="http://login.test/")


def read(base: Directives = NOTHING.directives, **annotations: str) -> Reading:
    named = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return read_annotations(named, PREFIX, base)


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth_url": ""},
        {"auth_url": " \t"},
        {"auth_url": "not a url"},
        {"auth_url": URL, "auth_always_set_cookie": "yes"},
        {"auth_url": URL, "auth_request_redirect": "http://$host"},
        {"auth_url": URL, "auth_cache_duration": "200 5m;"},
        {"auth_url": URL, "auth_cache_duration": "5m 200"},
        {"auth_url": URL, "auth_method": "FETCH"},
        {"auth_url": URL, "auth_response_headers": "X-User; X-Group"},
        {"auth_url": URL, "auth_proxy_set_headers": "default/nowhere"},
        {"auth_url": URL, "auth_proxy_set_headers": "a/b/c"},
    ],
)
def test_what_makes_ingress_nginx_ask_nobody_or_fail_closes_the_paths(
    annotations: dict[str, str],
) -> None:
    assert read(**annotations).is_blocked


@pytest.mark.parametrize(
    "annotations",
    [
        {"auth_signin": "a b"},
        {"auth_signin_redirect_param": "a b"},
        {"auth_cache_key": "$nothing"},
        {"enable_global_auth": "no"},
    ],
)
def test_what_opens_nothing_falls_back_to_the_default(annotations: dict[str, str]) -> None:
    reading = read(auth_url=URL, **annotations)
    assert not reading.is_blocked
    assert reading.directives.policy.external_auth == ExternalAuth(URL)
    assert sorted(v.outcome.value for v in reading.verdicts) == ["honoured", "invalid"]


@pytest.mark.parametrize("names", ["X-User, Host", "Host"])
def test_names_that_are_ours_are_told_and_close_nothing(names: str) -> None:
    reading = read(auth_url=URL, auth_response_headers=names)
    verdict = reading.verdicts[0]
    assert (verdict.outcome, verdict.is_blocking) == (Outcome.UNSUPPORTED, False)
    assert verdict.message.startswith("Host is written by ingressd itself")
    assert not reading.is_blocked


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, EVERYWHERE),
        ({"enable_global_auth": "true"}, EVERYWHERE),
        ({"enable_global_auth": "maybe"}, EVERYWHERE),
        ({"enable_global_auth": "false"}, None),
        ({"auth_url": URL}, ExternalAuth(URL)),
        ({"auth_url": URL, "enable_global_auth": "false"}, ExternalAuth(URL)),
        ({"auth_signin": "http://x.test/"}, EVERYWHERE),
        ({"auth_method": "FETCH"}, EVERYWHERE),
    ],
)
def test_global_auth_holds_as_a_whole_where_no_service_is_named(
    annotations: dict[str, str], expected: ExternalAuth | None
) -> None:
    reading = read(Directives(global_auth=EVERYWHERE), ssl_redirect="true", **annotations)
    assert reading.directives.policy.external_auth == expected
    assert not reading.is_blocked


def test_a_service_that_cannot_be_asked_is_not_replaced_by_the_global_one() -> None:
    reading = read(Directives(global_auth=EVERYWHERE), auth_url="")
    assert reading.is_blocked


@pytest.mark.parametrize(
    ("data", "is_blocked"),
    [
        ({"X-From": "$host"}, False),
        ({}, False),
        ({"X-From": "$nothing"}, True),
        ({"X From": "x"}, True),
        ({"X-From": "a\r\nX-Evil: 1"}, True),
    ],
)
def test_headers_of_a_configmap(data: dict[str, str], is_blocked: bool) -> None:
    found = ConfigMap(metadata=ObjectMeta(name="asking", namespace="default"), data=data)
    objects: dict[ObjectKey, Resource] = {found.key: found}
    annotations = {f"{PREFIX}/auth-url": URL, f"{PREFIX}/auth-proxy-set-headers": "asking"}
    around = Surroundings("default", objects.get)
    reading = read_annotations(annotations, PREFIX, NOTHING.directives, around)
    assert reading.is_blocked is is_blocked
    if not is_blocked:
        auth = reading.directives.policy.external_auth
        assert auth is not None
        assert dict(auth.headers) == data
