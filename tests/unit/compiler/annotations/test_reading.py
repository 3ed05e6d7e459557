from __future__ import annotations

import pytest

from ingressd.compiler.annotations.reading import NOTHING, Reading, read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey

PREFIX = "nginx.ingress.kubernetes.io"
SUBJECT = ObjectKey("Ingress", "default", "web")


def read(**annotations: str) -> Reading:
    named = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    return read_annotations(named, PREFIX)


def outcome(**annotations: str) -> Outcome:
    (verdict,) = read(**annotations).verdicts
    return verdict.outcome


def test_annotations_of_others_say_nothing() -> None:
    assert read_annotations({"cert-manager.io/issuer": "x"}, PREFIX) is NOTHING


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"ssl_redirect": "false"}, Outcome.HONOURED),
        ({"ssl_redirect": "no"}, Outcome.INVALID),
        ({"session_cookie_name": "route"}, Outcome.NO_OP),
        ({"proxy_body_size": "8m"}, Outcome.UNSUPPORTED),
        ({"auth_url": "http://auth"}, Outcome.UNSUPPORTED),
        ({"secure_backends": "true"}, Outcome.NEVER_EXISTED),
        ({"influxdb_host": "x"}, Outcome.NEVER_EXISTED),
        ({"proxy_conect_timeout": "5"}, Outcome.NEVER_EXISTED),
        ({"proxy_buffers_number": "8"}, Outcome.NO_OP),
        ({"auth_signin": "http://auth"}, Outcome.NO_OP),
        ({"canary": "true"}, Outcome.UNSUPPORTED),
        ({"canary": "false"}, Outcome.HONOURED),
        ({"enable_modsecurity": "false"}, Outcome.HONOURED),
        ({"backend_protocol": "http"}, Outcome.HONOURED),
        ({"backend_protocol": "HTTPS"}, Outcome.UNSUPPORTED),
        ({"limit_rps": "0"}, Outcome.HONOURED),
        ({"limit_rps": "false"}, Outcome.UNSUPPORTED),
        ({"server_snippet": "gzip on;"}, Outcome.UNSUPPORTED),
    ],
)
def test_verdicts(annotations: dict[str, str], expected: Outcome) -> None:
    assert outcome(**annotations) is expected


def test_invalid_value_leaves_the_default_and_says_what_was_expected() -> None:
    reading = read(proxy_read_timeout="60s", affinity="cookie")
    finding = reading.verdicts[1].as_finding(SUBJECT)
    assert finding is not None
    assert finding.code == "AnnotationInvalid"
    assert finding.field == f"metadata.annotations[{PREFIX}/proxy-read-timeout]"
    assert "whole number of seconds" in finding.message
    assert reading.directives.policy.timeouts == Directives().policy.timeouts
    assert reading.directives.policy.affinity is not None


def test_requirement_that_is_invalid_does_not_count() -> None:
    reading = read(affinity="ip", session_cookie_name="route")
    assert [v.outcome for v in reading.verdicts] == [Outcome.INVALID, Outcome.NO_OP]
    assert reading.directives.policy.affinity is None


@pytest.mark.parametrize(
    ("annotations", "is_blocked"),
    [
        ({"whitelist_source_range": "10.0.0.0/8"}, True),
        ({"limit_rps": "5"}, True),
        ({"auth_tls_verify_client": "off"}, False),
        ({"server_snippet": "location /admin { deny all; }"}, True),
        ({"configuration_snippet": "more_set_headers 'X-A: b';"}, False),
        ({"auth_realm": "Restricted", "auth_type": ""}, True),
        ({"auth_url": " "}, True),
        ({"auth_url": "http://auth", "auth_always_set_cookie": "maybe"}, True),
        ({"auth_url": "http://auth", "auth_request_redirect": "a b"}, True),
        ({"auth_url": "http://auth", "auth_cache_duration": "soon;"}, True),
        ({"proxy_ssl_secret": "default/ca"}, True),
        ({"enable_modsecurity": "off"}, False),
        ({"limit_allowlist": "10.0.0.0/8"}, False),
    ],
)
def test_protection_that_cannot_be_given_blocks(
    annotations: dict[str, str], is_blocked: bool
) -> None:
    reading = read(**annotations)
    assert reading.is_blocked is is_blocked
    findings = [verdict.as_finding(SUBJECT) for verdict in reading.verdicts]
    worst = min(finding.sort_key for finding in findings if finding is not None)
    assert list(Severity)[worst[0]] is (Severity.ERROR if is_blocked else Severity.WARNING)


def test_protection_without_its_switch_blocks_nothing_but_warns() -> None:
    reading = read(auth_response_headers="X-User", auth_realm="Restricted")
    assert not reading.is_blocked
    findings = {v.annotation: v.as_finding(SUBJECT) for v in reading.verdicts}
    assert {name.rpartition("/")[2]: told and told.severity for name, told in findings.items()} == {
        "auth-response-headers": Severity.WARNING,
        "auth-realm": Severity.INFO,
    }


def test_alias_that_loses_names_the_winner() -> None:
    reading = read(whitelist_source_range="10.0.0.0/8", allowlist_source_range="10.0.0.0/8")
    assert [v.outcome for v in reading.verdicts] == [Outcome.UNSUPPORTED, Outcome.OVERRIDDEN]
    assert "allowlist-source-range" in reading.verdicts[1].message


def test_unsupported_tells_what_happens_instead_and_what_to_do() -> None:
    (verdict,) = read(proxy_body_size="8m").verdicts
    assert verdict.message.endswith("bodies of any size are accepted")
    assert verdict.remedy == "limit them in the application"
    (never,) = read(configuration_snippet="gzip on;").verdicts
    assert "and will not" in never.message


def test_canary_is_an_error_though_nothing_answers_503() -> None:
    (verdict,) = read(canary="true").verdicts
    finding = verdict.as_finding(SUBJECT)
    assert finding is not None
    assert (finding.severity, finding.verdict) == (Severity.ERROR, "unsupported")
    assert "503" not in finding.message
    assert not read(canary="yes").is_blocked


@pytest.mark.parametrize(
    ("name", "remedy", "severity"),
    [
        ("rewrite_targte", "did you mean rewrite-target?", Severity.WARNING),
        ("secure_backends", "did you mean backend-protocol: HTTPS?", Severity.INFO),
        ("xyz", "remove it", Severity.INFO),
    ],
)
def test_unknown_annotation_is_told_what_was_meant(
    name: str, remedy: str, severity: Severity
) -> None:
    (verdict,) = read(**{name: "/"}).verdicts
    finding = verdict.as_finding(SUBJECT)
    assert finding is not None
    assert (verdict.outcome, finding.remedy) == (Outcome.NEVER_EXISTED, remedy)
    assert finding.severity is severity


def test_legacy_prefix_never_counted() -> None:
    reading = read_annotations({"ingress.kubernetes.io/ssl-redirect": "false"}, PREFIX)
    assert [v.outcome for v in reading.verdicts] == [Outcome.NEVER_EXISTED]
    assert reading.directives == Directives()


def test_prefix_can_be_changed() -> None:
    reading = read_annotations({"example.com/use-regex": "true"}, "example.com")
    assert reading.directives.use_regex
