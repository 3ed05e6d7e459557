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
        ({"enable_modsecurity": "false"}, False),
        ({"auth_tls_verify_client": "off"}, False),
        ({"server_snippet": "location /admin { deny all; }"}, True),
        ({"configuration_snippet": "more_set_headers 'X-A: b';"}, False),
        ({"auth_realm": "Restricted"}, False),
    ],
)
def test_protection_that_cannot_be_given_blocks(
    annotations: dict[str, str], is_blocked: bool
) -> None:
    reading = read(**annotations)
    assert reading.is_blocked is is_blocked
    finding = reading.verdicts[0].as_finding(SUBJECT)
    assert finding is not None
    assert finding.severity is (Severity.ERROR if is_blocked else Severity.WARNING)


def test_misspelt_annotation_is_told_what_was_meant() -> None:
    (verdict,) = read(rewrite_targte="/").verdicts
    assert "rewrite-target" in verdict.remedy


def test_legacy_prefix_never_counted() -> None:
    reading = read_annotations({"ingress.kubernetes.io/ssl-redirect": "false"}, PREFIX)
    assert [v.outcome for v in reading.verdicts] == [Outcome.NEVER_EXISTED]
    assert reading.directives == Directives()


def test_prefix_can_be_changed() -> None:
    reading = read_annotations({"example.com/use-regex": "true"}, "example.com")
    assert reading.directives.use_regex
