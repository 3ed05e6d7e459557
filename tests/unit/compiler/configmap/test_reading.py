from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.configmap.reading import ReadKeys, read_keys
from ingressd.compiler.configmap.row import GlobalDirectives
from ingressd.compiler.configmap.table import ROWS
from ingressd.resources.finding import Finding, Severity
from ingressd.resources.metadata import ObjectKey

SUBJECT = ObjectKey("ConfigMap", "default", "settings")
BARE = GlobalDirectives()


def read(**keys: str) -> ReadKeys:
    texts = {name.replace("_", "-"): text for name, text in keys.items()}
    return read_keys(texts, SUBJECT, BARE)


def only(reading: ReadKeys) -> Finding:
    (found,) = reading.findings
    return found


def test_nothing_written_is_nothing_said() -> None:
    assert read() == ReadKeys(BARE)


@pytest.mark.parametrize(
    ("keys", "code", "severity"),
    [
        ({"keep_alive": "30"}, "", None),
        ({"keep_alive": "30s"}, "ConfigMapKeyInvalid", Severity.WARNING),
        ({"map_hash_bucket_size": "128"}, "ConfigMapKeyNoEffect", Severity.INFO),
        ({"use_gzip": "true"}, "ConfigMapKeyUnsupported", Severity.WARNING),
        ({"use_gzip": "false"}, "", None),
        ({"use_gzip": "f"}, "", None),
        ({"http_redirect_code": "308"}, "", None),
        ({"http_redirect_code": "301"}, "", None),
        ({"main_snippet": "env X;"}, "ConfigMapKeyUnsupported", Severity.WARNING),
        ({"plugins": ""}, "", None),
        ({"keep_alife": "30"}, "ConfigMapKeyUnknown", Severity.WARNING),
        ({"zipkin_collector_host": "x"}, "ConfigMapKeyUnknown", Severity.WARNING),
        ({"block_cidrs": "10.0.0.0/33"}, "ConfigMapKeyInvalid", Severity.ERROR),
        ({"block_cidrs": " "}, "", None),
        ({"ssl_reject_handshake": "true"}, "", None),
        ({"ssl_reject_handshake": "yes"}, "ConfigMapKeyInvalid", Severity.WARNING),
        ({"enable_modsecurity": "true"}, "ConfigMapKeyUnsupported", Severity.ERROR),
        ({"http_snippet": "deny all;"}, "ConfigMapKeyUnsupported", Severity.ERROR),
        ({"http_snippet": "gzip on;"}, "ConfigMapKeyUnsupported", Severity.WARNING),
    ],
)
def test_findings(keys: dict[str, str], code: str, severity: Severity | None) -> None:
    reading = read(**keys)
    assert [found.code for found in reading.findings] == ([code] if code else [])
    (name,) = keys
    key = name.replace("_", "-")
    assert reading.lacking == ((key,) if severity is Severity.ERROR else ())
    for found in reading.findings:
        assert found.severity is severity
        assert (found.subject, found.field) == (SUBJECT, f"data[{key}]")
        assert found.message
        assert found.remedy


def test_a_key_that_cannot_be_read_counts_as_not_written_and_others_count() -> None:
    reading = read(keep_alive="30s", keep_alive_requests="7")
    limits = reading.directives.global_policy.limits
    assert (limits.keep_alive, limits.keep_alive_requests) == (75.0, 7)
    assert "'30s' is not valid" in only(reading).message


def test_unsupported_tells_what_happens_instead() -> None:
    assert only(read(use_gzip="true")).message == (
        "ingressd does not support this key yet; answers are passed on as pods give them"
    )
    assert "and will not" in only(read(plugins="x")).message


def test_a_protection_says_that_every_route_is_closed() -> None:
    assert only(read(http_snippet="deny all;")).message.endswith(
        "every route answers 503 so that nothing is left open"
    )
    assert only(read(global_auth_url="auth")).message.endswith(
        "every route answers 503 so that nothing is left open, but those of an Ingress with "
        'auth-url or enable-global-auth: "false"'
    )


@pytest.mark.parametrize("may_ignore", [False, True])
def test_what_nothing_can_give_is_done_without_where_that_is_allowed(may_ignore: bool) -> None:
    base = GlobalDirectives(directives=Directives(may_ignore_protection=may_ignore))
    reading = read_keys({"http-snippet": "deny all;"}, SUBJECT, base)
    assert reading.lacking == (() if may_ignore else ("http-snippet",))
    assert only(reading).severity is Severity.ERROR
    served = "every route is served without it" if may_ignore else "every route answers 503"
    assert served in only(reading).message
    cannot = read_keys({"block-cidrs": "office"}, SUBJECT, base)
    assert cannot.lacking, "what ingressd can give is not done without"


def test_a_misspelt_key_is_corrected_and_a_long_one_is_cut() -> None:
    assert only(read(client_header_timout="1")).remedy == "did you mean client-header-timeout?"
    assert only(read(zzz="1")).remedy == "remove it"
    assert len(only(read(**{"z" * 300: "1"})).field) < 100


NAMES = st.one_of(st.sampled_from([row.name for row in ROWS]), st.text(max_size=20))


@given(st.dictionaries(NAMES, st.text(max_size=30), max_size=5))
def test_no_text_is_too_strange(texts: dict[str, str]) -> None:
    reading = read_keys(texts, SUBJECT, BARE)
    assert len(reading.findings) <= len(texts)
    assert all(found.message and found.remedy for found in reading.findings)
