"""Annotations that can be read and do nothing, that cannot be read, or both."""

from __future__ import annotations

import pytest
from support.objects import PREFIX
from support.readings import read

from ingressd.compiler.annotations.reading import read_annotations
from ingressd.compiler.annotations.row import Directives
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.finding import Severity
from ingressd.resources.metadata import ObjectKey

SUBJECT = ObjectKey("Ingress", "default", "web")


def test_protection_without_its_switch_blocks_nothing_but_warns() -> None:
    reading = read(auth_response_headers="X-User", auth_realm="Restricted")
    assert not reading.is_blocked
    findings = {v.annotation: v.as_finding(SUBJECT) for v in reading.verdicts}
    assert {name.rpartition("/")[2]: told and told.severity for name, told in findings.items()} == {
        "auth-response-headers": Severity.WARNING,
        "auth-realm": Severity.INFO,
    }


@pytest.mark.parametrize(
    ("annotations", "name", "message", "differs"),
    [
        (
            {"auth_realm": "a|b"}, "auth-realm",
            "'a|b' is not valid, expected letters, digits, spaces and - . _ ~ / :; "
            "it has no effect without a valid auth-type",
            False,
        ),
        (
            {"x_forwarded_prefix": "a|b"}, "x-forwarded-prefix",
            "'a|b' is not valid, expected a path such as /app, in which $1 to $9 may stand; "
            "it has no effect without a valid rewrite-target, where ingress-nginx would serve "
            "nothing of this Ingress, or go on with what it said before a change",
            True,
        ),
        (
            {"upstream_hash_by_subset": "yes"}, "upstream-hash-by-subset",
            "'yes' is not valid, expected true or false; it has no effect without a valid "
            "upstream-hash-by, where ingress-nginx would serve nothing of this Ingress, or go on "
            "with what it said before a change",
            True,
        ),
        (
            {"temporal_redirect_code": "found"}, "temporal-redirect-code",
            "'found' is not valid, expected a status from 300 to 307 other than 304 and 306; it "
            "has no effect without a valid temporal-redirect, where ingress-nginx would serve "
            "nothing of this Ingress, or go on with what it said before a change",
            True,
        ),
        (
            {"auth_secret": "a b"}, "auth-secret",
            "'a b' is not valid, expected the name of an object, or namespace/name; "
            "it has no effect without a valid auth-type",
            False,
        ),
        (
            {"canary": "true", "limit_rps": "10r/s"}, "limit-rps",
            "'10r/s' is not valid, expected a whole number without a unit; it has no effect, "
            "because this Ingress is a canary: its paths are served as the main Ingress says, "
            "where ingress-nginx would serve nothing of this Ingress, or go on with what it said "
            "before a change",
            True,
        ),
        (
            {"canary": "true", "auth_realm": "a|b"}, "auth-realm",
            "'a|b' is not valid, expected letters, digits, spaces and - . _ ~ / :; it has no "
            "effect, because this Ingress is a canary: its paths are served as the main Ingress "
            "says",
            False,
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_and_has_no_effect_anyway_is_told_as_both(
    annotations: dict[str, str], name: str, message: str, differs: bool
) -> None:
    reading = read(**annotations)
    (verdict,) = (each for each in reading.verdicts if each.annotation == f"{PREFIX}/{name}")
    assert (verdict.outcome, verdict.differs) == (Outcome.INVALID, differs)
    assert verdict.message == message
    assert not reading.is_blocked


def test_a_share_that_cannot_be_read_is_meant_for_a_canary() -> None:
    reading = read(canary_weight="20%")
    (verdict,) = reading.verdicts
    assert verdict.outcome is Outcome.INVALID
    assert "'20%' is not valid" in verdict.message
    assert "gives way" in verdict.message
    assert reading.directives.is_half_canary


@pytest.mark.parametrize(
    ("annotations", "name", "message"),
    [
        ({"auth_url": "http://auth.test", "auth_response_headers": " , "},
         "auth-response-headers", "it names no header"),
        ({"limit_rps": "1", "limit_allowlist": ""}, "limit-allowlist", "it names nobody"),
        ({"ssl_redirect": "false", "force_ssl_redirect": "true"}, "ssl-redirect",
         "it has no effect, because force-ssl-redirect holds as well"),
        ({"canary": "true", "canary_weight": "-1"}, "canary-weight", "less than 0 counts as 0"),
        ({"canary": "true", "canary_weight": "5", "canary_weight_total": "50"},
         "canary-weight-total", "less than 100 counts as 100, as in ingress-nginx"),
    ],
)  # fmt: skip
def test_what_is_written_well_and_asks_for_nothing_is_told(
    annotations: dict[str, str], name: str, message: str
) -> None:
    verdicts = read(**annotations).verdicts
    (verdict,) = (each for each in verdicts if each.annotation == f"{PREFIX}/{name}")
    assert (verdict.outcome, verdict.message) == (Outcome.NO_OP, message)


def test_redirects_to_https_that_agree_both_hold() -> None:
    verdicts = read(ssl_redirect="true", force_ssl_redirect="true").verdicts
    assert {verdict.outcome for verdict in verdicts} == {Outcome.HONOURED}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("redirect-if", "host old.test 301 https://new.test"),
        ("request-headers", "put X-A: b"),
        ("response-headers", ""),
    ],
)
def test_of_lines_that_cannot_be_read_none_counts(name: str, text: str) -> None:
    reading = read_annotations({f"ingressd.dev/{name}": text}, PREFIX)
    (verdict,) = reading.verdicts
    assert verdict.outcome is Outcome.INVALID
    assert verdict.message.endswith("; none of its lines counts")
    assert reading.directives == Directives()


@pytest.mark.parametrize(
    ("annotations", "message"),
    [
        ({"fastcgi_index": "index.php;"}, "FastCGI is not spoken, where ingress-nginx would serve"),
        ({"enable_opentelemetry": "yes"}, "ingressd sends no traces"),
        ({"enable_modsecurity": "yes"}, "the paths of this Ingress answer 503"),
        ({"proxy_busy_buffers_size": "8mb"}, "flow control bounds what is being sent"),
        ({"configuration_snippet": " "}, "there is no nginx here that could run it"),
        ({"modsecurity_snippet": ""}, "there is no ModSecurity here"),
    ],
)
def test_what_is_not_honoured_can_be_invalid_as_well(
    annotations: dict[str, str], message: str
) -> None:
    (verdict,) = read(**annotations).verdicts
    assert verdict.outcome is Outcome.INVALID
    assert f"; {message}" in verdict.message
    assert not verdict.remedy.startswith("write")
    assert verdict.is_blocking is ("503" in message)


def test_an_invalid_protection_that_nothing_can_give_may_be_done_without() -> None:
    base = Directives(may_ignore_protection=True)
    reading = read_annotations({f"{PREFIX}/enable-modsecurity": "yes"}, PREFIX, base)
    assert not reading.is_blocked
    assert [verdict.loses_protection for verdict in reading.verdicts] == [True]


@pytest.mark.parametrize(
    ("allowlist", "whitelist", "winner"),
    [("10.0.0.1", "10.0.0.2", "10.0.0.1"), ("", "10.0.0.2", "10.0.0.2"), ("", "", "")],
)
def test_an_empty_text_leaves_it_to_the_other_name(
    allowlist: str, whitelist: str, winner: str
) -> None:
    reading = read(allowlist_source_range=allowlist, whitelist_source_range=whitelist)
    assert reading.directives.policy.access.allow == ((winner,) if winner else ())
    outcomes = {verdict.outcome for verdict in reading.verdicts}
    assert outcomes == {Outcome.OVERRIDDEN, Outcome.HONOURED if winner else Outcome.INVALID}


def test_a_way_of_balancing_that_is_chosen_by_another_name_is_told() -> None:
    (verdict,) = read(load_balance="chash").verdicts
    assert (verdict.outcome, verdict.differs) == (Outcome.UNSUPPORTED, False)
    assert verdict.message == "chash is not chosen by this name; the rest is honoured"
    assert verdict.remedy == "remove it, and write upstream-hash-by or affinity"
