"""What is read of the annotations of an Ingress, and what is said of each."""

from __future__ import annotations

import pytest
from support.objects import PREFIX
from support.readings import outcome, read

from ingressd.compiler.annotations.reading import NOTHING, read_annotations, settled
from ingressd.compiler.annotations.row import Directives, Setting
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey
from ingressd.routing.policy import CanaryPolicy, HeaderMatch, Policy, Timeouts, TlsRedirect

SUBJECT = ObjectKey("Ingress", "default", "web")


def test_annotations_of_others_say_nothing() -> None:
    assert read_annotations({"cert-manager.io/issuer": "x"}, PREFIX) == NOTHING


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({"ssl_redirect": "false"}, Outcome.HONOURED),
        ({"ssl_redirect": "no"}, Outcome.INVALID),
        ({"session_cookie_name": "route"}, Outcome.NO_OP),
        ({"enable_opentelemetry": "true"}, Outcome.UNSUPPORTED),
        ({"auth_url": "http://auth"}, Outcome.HONOURED),
        ({"secure_backends": "true"}, Outcome.NEVER_EXISTED),
        ({"influxdb_host": "x"}, Outcome.NEVER_EXISTED),
        ({"proxy_conect_timeout": "5"}, Outcome.NEVER_EXISTED),
        ({"proxy_busy_buffers_size": "8k"}, Outcome.NO_OP),
        ({"auth_signin": "http://auth"}, Outcome.NO_OP),
        ({"canary": "true"}, Outcome.HONOURED),
        ({"canary": "false"}, Outcome.HONOURED),
        ({"enable_modsecurity": "false"}, Outcome.HONOURED),
        ({"backend_protocol": "http"}, Outcome.HONOURED),
        ({"backend_protocol": "HTTPS"}, Outcome.HONOURED),
        ({"backend_protocol": "grpc"}, Outcome.UNSUPPORTED),
        ({"backend_protocol": "h2c"}, Outcome.INVALID),
        ({"limit_rps": "0"}, Outcome.NO_OP),
        ({"limit_rps": "false"}, Outcome.INVALID),
        ({"fastcgi_params_configmap": "default/a:b"}, Outcome.UNSUPPORTED),
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


@pytest.mark.parametrize(
    ("annotations", "is_served"),
    [
        ({"server_snippet": "location /admin { deny all; }"}, True),
        ({"modsecurity_snippet": "SecRuleEngine On"}, True),
        ({"whitelist_source_range": "office"}, False),
    ],
)
def test_what_nothing_can_give_may_be_done_without(
    annotations: dict[str, str], is_served: bool
) -> None:
    texts = {f"{PREFIX}/{name.replace('_', '-')}": text for name, text in annotations.items()}
    reading = read_annotations(texts, PREFIX, Directives(may_ignore_protection=True))
    assert reading.is_blocked is not is_served
    (verdict,) = reading.verdicts
    finding = verdict.as_finding(SUBJECT)
    assert finding is not None
    assert finding.severity is Severity.ERROR, "the operator must know in either case"
    assert ("the paths are served without it" in finding.message) is is_served


def test_requirement_that_is_invalid_does_not_count() -> None:
    reading = read(affinity="ip", session_cookie_name="route")
    assert [v.outcome for v in reading.verdicts] == [Outcome.INVALID, Outcome.NO_OP]
    assert reading.directives.policy.affinity is None


@pytest.mark.parametrize(
    ("annotations", "is_blocked"),
    [
        ({"whitelist_source_range": "10.0.0.0/33"}, True),
        ({"limit_rps": "5r/s"}, True),
        ({"limit_connections": ""}, True),
        ({"auth_tls_match_cn": "CN=jane"}, False),
        ({"server_snippet": "location /admin { deny all; }"}, True),
        ({"configuration_snippet": "more_set_headers 'X-A: b';"}, False),
        ({"auth_realm": "Restricted", "auth_type": ""}, True),
        ({"auth_url": " "}, True),
        ({"auth_url": "http://auth", "auth_always_set_cookie": "maybe"}, True),
        ({"auth_url": "http://auth", "auth_request_redirect": "a b"}, True),
        ({"auth_url": "http://auth", "auth_cache_duration": "soon;"}, True),
        ({"proxy_ssl_secret": "default/ca"}, True),
        ({"backend_protocol": "GRPCS"}, True),
        ({"backend_protocol": "FCGI"}, True),
        ({"backend_protocol": "SPDY"}, False),
        ({"enable_modsecurity": "off"}, False),
        ({"enable_modsecurity": ""}, False),
        ({"enable_owasp_core_rules": ""}, False),
        ({"limit_allowlist": "10.0.0.0/33"}, True),
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


def test_alias_that_loses_names_the_winner() -> None:
    reading = read(whitelist_source_range="10.0.0.0/8", allowlist_source_range="10.0.0.0/8")
    assert [v.outcome for v in reading.verdicts] == [Outcome.HONOURED, Outcome.OVERRIDDEN]
    assert "allowlist-source-range" in reading.verdicts[1].message


def test_unsupported_tells_what_happens_instead_and_what_to_do() -> None:
    (verdict,) = read(enable_opentelemetry="true").verdicts
    assert verdict.message.endswith("sends no traces; headers of traces are passed on")
    assert verdict.remedy == "trace in the application"
    (never,) = read(configuration_snippet="gzip on;").verdicts
    assert "and will not" in never.message


def test_annotations_are_applied_to_what_the_configmap_says() -> None:
    base = Directives(Policy(body_limit=7), ssl_redirect=False, force_ssl_redirect=True)
    assert read_annotations({}, PREFIX, base).directives is base
    named = {f"{PREFIX}/force-ssl-redirect": "false", f"{PREFIX}/proxy-read-timeout": "5"}
    policy = read_annotations(named, PREFIX, base).directives.policy
    timeouts = Timeouts(read=5.0, tunnel=5.0)
    assert policy == Policy(TlsRedirect.OFF, timeouts=timeouts, body_limit=7)


@pytest.mark.parametrize(
    ("by_default", "named", "expected"),
    [
        (None, "", Timeouts()),
        (None, "60", Timeouts(tunnel=60.0)),
        (100.0, "", Timeouts(read=100.0, tunnel=100.0)),
        (100.0, "60", Timeouts(tunnel=60.0)),
        (100.0, "7200", Timeouts(read=7200.0, tunnel=7200.0)),
        (100.0, "60s", Timeouts(read=100.0, tunnel=100.0)),
    ],
)
def test_a_timeout_that_is_written_counts_for_websockets_too(
    by_default: float | None, named: str, expected: Timeouts
) -> None:
    base = settled(Directives(read_timeout=by_default))
    annotations = {f"{PREFIX}/proxy-read-timeout": named} if named else {}
    assert read_annotations(annotations, PREFIX, base).directives.policy.timeouts == expected


@pytest.mark.parametrize("annotations", [{}, {f"{PREFIX}/ssl-redirect": "true"}])
def test_what_the_configmap_closes_no_other_annotation_opens(annotations: dict[str, str]) -> None:
    reading = read_annotations(annotations, PREFIX, Directives(lacking=("global-auth-url",)))
    assert reading.is_blocked
    assert reading.directives.policy.is_closed


def test_of_a_canary_only_affinity_and_what_concerns_service_ports_count() -> None:
    reading = read(
        canary="true",
        affinity="cookie",
        service_upstream="true",
        auth_url="http://auth.test",
        use_regex="true",
    )
    outcomes = {each.annotation.partition("/")[2]: each.outcome for each in reading.verdicts}
    assert {name for name, outcome in outcomes.items() if outcome is Outcome.HONOURED} == {
        "canary",
        "affinity",
        "service-upstream",
    }
    assert outcomes["auth-url"] is outcomes["use-regex"] is Outcome.NO_OP
    assert not reading.is_blocked
    assert not reading.directives.use_regex


def test_a_value_goes_before_a_pattern_and_says_so() -> None:
    reading = read(
        canary="true",
        canary_by_header="X-Canary",
        canary_by_header_value="you",
        canary_by_header_pattern=".*",
    )
    assert reading.directives.canary == CanaryPolicy(
        header="X-Canary", header_match=HeaderMatch(value="you")
    )
    outcomes = {verdict.annotation: verdict.outcome for verdict in reading.verdicts}
    assert outcomes[f"{PREFIX}/canary-by-header-pattern"] is Outcome.OVERRIDDEN


@pytest.mark.parametrize("switch", [{}, {"canary": "false"}, {"canary": "yes"}])
def test_half_a_canary_gives_way_and_says_so(switch: dict[str, str]) -> None:
    reading = read(**switch, canary_weight="20", auth_url="http://auth.test")
    assert reading.directives.is_half_canary
    assert reading.directives.policy.external_auth is not None
    told = reading.verdicts[-1].as_finding(SUBJECT)
    assert told is not None
    assert (told.verdict, told.severity) == ("no-op", Severity.WARNING)
    assert "gives way" in told.message


def test_where_canaries_keep_clients_makes_no_half_canary() -> None:
    reading = read(affinity="cookie", affinity_canary_behavior="legacy")
    assert not reading.directives.is_half_canary
    assert [verdict.outcome for verdict in reading.verdicts] == [Outcome.HONOURED, Outcome.NO_OP]


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


def test_what_of_a_text_is_not_given_is_told_and_the_rest_is_honoured() -> None:
    reading = read(server_alias=r"~^www\d+, b.test")
    assert reading.directives.host.aliases == ("b.test",)
    (verdict,) = reading.verdicts
    assert (verdict.outcome, verdict.is_blocking) == (Outcome.UNSUPPORTED, False)
    assert verdict.message.startswith(r"~^www\d+ is a regular expression")
    assert verdict.remedy == "write each name"


@pytest.mark.parametrize("pattern", ["[][**da?$&*", "(?!a)b"])
def test_a_header_of_canaries_that_can_match_nothing_is_told(pattern: str) -> None:
    reading = read(canary="true", canary_by_header="X", canary_by_header_pattern=pattern)
    *_, verdict = reading.verdicts
    assert verdict.outcome is Outcome.UNSUPPORTED
    assert verdict.message.startswith(f"{pattern!r} matches nothing (")
    assert verdict.remedy == "write a regular expression without look-around and back-references"


def test_what_others_have_a_say_in_is_known_by_its_annotation() -> None:
    reading = read(server_alias="b.test", service_upstream="true", ssl_redirect="false")
    assert reading.settings == (
        Setting("host.aliases", f"{PREFIX}/server-alias"),
        Setting("upstream.service_upstream", f"{PREFIX}/service-upstream"),
    )


def test_directives_begin_with_what_the_configmap_says() -> None:
    base = Directives(may_cross_namespaces=True, use_regex=True)
    assert read_annotations({}, PREFIX, base).directives is base
    changed = read_annotations({f"{PREFIX}/use-regex": "false"}, PREFIX, base).directives
    assert changed == Directives(may_cross_namespaces=True)


@pytest.mark.parametrize(
    "annotations",
    [
        {"limit_rps": "10r/s"},
        {"limit_rpm": "1.5"},
        {"limit_connections": ""},
        {"limit_rps": "1", "limit_allowlist": "everybody"},
        {"allowlist_source_range": "everybody"},
        {"denylist_source_range": ""},
        {"auth_type": "bearer"},
        {"auth_type": "basic", "auth_secret": "a b"},
        {"auth_type": "basic", "auth_secret": "a", "auth_secret_type": "file"},
        {"auth_url": "auth"},
        {"auth_url": "http://auth", "auth_always_set_cookie": "yes"},
        {"auth_url": "http://auth", "auth_cache_duration": "200;5m"},
        {"auth_url": "http://auth", "auth_request_redirect": "$uri"},
        {"auth_url": "http://auth", "auth_method": "ASK"},
        {"auth_tls_secret": "a b"},
    ],
)
def test_what_protects_and_cannot_be_read_closes_the_ingress(annotations: dict[str, str]) -> None:
    reading = read(**annotations)
    assert reading.is_blocked
    assert any(each.is_blocking and each.outcome is Outcome.INVALID for each in reading.verdicts)
