"""What modifies something does nothing where that is not there, and says so."""

from __future__ import annotations

import pytest
from msgspec import structs
from support.annotation_examples import OBJECTS
from support.objects import PREFIX

from ingressd.compiler.annotations.reading import Surroundings, read_annotations
from ingressd.compiler.annotations.row import Directives, Idle, Modified, Row, Tier
from ingressd.compiler.annotations.table import ROWS
from ingressd.compiler.annotations.values import boolean
from ingressd.compiler.annotations.verdict import Outcome, Verdict
from ingressd.compiler.annotations.without_effect import Said, tell_of_idle
from ingressd.routing.policy import Bandwidth, Buffering, ExternalAuth, Policy

BARE = Directives()
AROUND = Surroundings("default", OBJECTS.get)
ASKED = {"auth-url": "http://auth.test"}
CERTIFIED = {"auth-tls-secret": "default/clients"}
IN_TLS = {"proxy-ssl-secret": "default/pods", "backend-protocol": "HTTPS"}
KEPT = {"affinity": "cookie"}
MOVED = {"proxy-redirect-to": "https://b.test/"}
LOGGED_IN = {"auth-type": "basic", "auth-secret": "users"}
NETWORK = "10.0.0.0/8"

# The annotation that modifies, what is beside it in vain, and what it modifies.
CASES: list[tuple[str, str, dict[str, str], dict[str, str]]] = [
    ("auth-cache-duration", "200 5m", ASKED, {**ASKED, "auth-cache-key": "$host"}),
    ("auth-signin-redirect-param", "to", ASKED, {**ASKED, "auth-signin": "/login"}),
    ("auth-tls-error-page", "http://a.test", {**CERTIFIED, "auth-tls-verify-client": "off"},
     CERTIFIED),
    ("auth-tls-verify-depth", "2", {**CERTIFIED, "auth-tls-verify-client": "off"}, CERTIFIED),
    ("client-body-buffer-size", "1k", {"proxy-request-buffering": "off"}, {}),
    ("client-body-buffer-size", "1k", {"proxy-request-buffering": "off"},
     {"proxy-request-buffering": "off", "proxy-http-version": "1.0"}),
    ("client-body-buffer-size", "1k",
     {"proxy-request-buffering": "off", "mirror-target": "http://a", "mirror-request-body": "off"},
     {"proxy-request-buffering": "off", "mirror-target": "http://a"}),
    ("disable-proxy-intercept-errors", "true", {}, {"custom-http-errors": "404"}),
    ("limit-allowlist", NETWORK, {"limit-rps": "0"}, {"limit-connections": "5"}),
    ("limit-burst-multiplier", "2", {"limit-connections": "5"}, {"limit-rps": "5"}),
    ("limit-burst-multiplier", "2", {"limit-rps": "-5"}, {"limit-rpm": "5"}),
    ("limit-rate-after", "2", {"limit-rate": "0"}, {"limit-rate": "5"}),
    ("preserve-trailing-slash", "true", {"ssl-redirect": "false"}, {}),
    ("proxy-buffers-number", "8", {}, {"proxy-buffering": "on"}),
    ("proxy-max-temp-file-size", "8m", {"proxy-buffering": "off"}, {"proxy-buffering": "on"}),
    ("proxy-next-upstream-timeout", "5", {"proxy-next-upstream": "off"}, {}),
    ("proxy-next-upstream-tries", "5", {"proxy-next-upstream": "off"},
     {"proxy-next-upstream": "error"}),
    ("proxy-redirect-from", "http://a.test/", {"proxy-redirect-to": "off"}, MOVED),
    ("proxy-redirect-from", "http://a.test/", {"proxy-redirect-to": "a b"}, MOVED),
    ("proxy-redirect-from", "http://a.test/", {"proxy-redirect-to": ""}, MOVED),
    ("proxy-redirect-to", "http://b.test/", {"proxy-redirect-from": "off"},
     {"proxy-redirect-from": "http://a.test/"}),
    ("proxy-ssl-name", "a.test", IN_TLS, {**IN_TLS, "proxy-ssl-server-name": "on"}),
    ("proxy-ssl-verify-depth", "2", {**IN_TLS, "proxy-ssl-server-name": "on"},
     {**IN_TLS, "proxy-ssl-verify": "on"}),
    ("relative-redirects", "true", {"permanent-redirect": "http://a.test/"},
     {"permanent-redirect": "/new"}),
    ("satisfy", "any", {"allowlist-source-range": NETWORK},
     {"allowlist-source-range": NETWORK, **LOGGED_IN}),
    ("satisfy", "any", LOGGED_IN, {**LOGGED_IN, **ASKED}),
    ("session-cookie-conditional-samesite-none", "true",
     {**KEPT, "session-cookie-samesite": "Lax"}, {**KEPT, "session-cookie-samesite": "none"}),
    ("upstream-hash-by-subset-size", "2",
     {"upstream-hash-by": "$host", "upstream-hash-by-subset": "false"},
     {"upstream-hash-by": "$host", "upstream-hash-by-subset": "true"}),
    ("use-port-in-redirects", "true", {"ssl-redirect": "false"},
     {"ssl-redirect": "false", "force-ssl-redirect": "true"}),
]  # fmt: skip


def verdict(name: str, text: str, beside: dict[str, str], base: Directives = BARE) -> Verdict:
    annotations = {f"{PREFIX}/{each}": told for each, told in {**beside, name: text}.items()}
    verdicts = read_annotations(annotations, PREFIX, base, AROUND).verdicts
    (found,) = (each for each in verdicts if each.annotation == f"{PREFIX}/{name}")
    return found


@pytest.mark.parametrize(("name", "text", "in_vain", "beside"), CASES)
def test_what_it_modifies_must_be_there(
    name: str, text: str, in_vain: dict[str, str], beside: dict[str, str]
) -> None:
    (row,) = (row for row in ROWS if row.name == name)
    assert row.modifies is not None
    told = verdict(name, text, in_vain)
    assert told.outcome is Outcome.NO_OP
    words = row.modifies.words.replace("`", "")
    assert told.message == f"it has no effect without {words}"
    assert told.remedy == f"add {words}, or remove this one"
    assert verdict(name, text, beside).outcome is Outcome.HONOURED


def test_what_is_off_needs_no_other() -> None:
    assert verdict("proxy-redirect-from", "off", {}).outcome is Outcome.HONOURED


def test_every_row_that_modifies_something_is_among_these() -> None:
    rows = {row.name for row in ROWS if row.modifies is not None}
    assert rows == {"enable-global-auth", *(name for name, *_ in CASES)}


@pytest.mark.parametrize(
    ("name", "text", "beside"),
    [
        ("auth-cache-duration", "200 202 401 5m", ASKED),
        ("auth-signin-redirect-param", "rd", ASKED),
        ("disable-proxy-intercept-errors", "false", {}),
        ("enable-global-auth", "true", {}),
        ("limit-burst-multiplier", "5", {}),
        ("limit-rate-after", "0", {}),
        ("preserve-trailing-slash", "false", {"ssl-redirect": "false"}),
        ("proxy-buffers-number", "4", {}),
        ("relative-redirects", "false", {}),
        ("satisfy", "all", {}),
        ("session-cookie-conditional-samesite-none", "false", KEPT),
    ],
)
def test_the_default_may_be_written_out(name: str, text: str, beside: dict[str, str]) -> None:
    assert verdict(name, text, beside).outcome is Outcome.HONOURED


def test_what_the_configmap_says_may_be_written_out() -> None:
    eight = Directives(Policy(buffering=Buffering(buffers=8)))
    assert verdict("proxy-buffers-number", "8", {}, eight).outcome is Outcome.HONOURED
    assert verdict("proxy-buffers-number", "4", {}, eight).outcome is Outcome.NO_OP


@pytest.mark.parametrize("key", ["*", "block-cidrs", "limit-conn-zone-variable"])
def test_another_key_in_vain_asks_nobody(key: str) -> None:
    base = Directives(lacking=(key,))
    assert verdict("enable-global-auth", "false", {}, base).outcome is Outcome.NO_OP


@pytest.mark.parametrize(
    ("name", "text", "base"),
    [
        ("enable-global-auth", "false", Directives(global_auth=ExternalAuth("http://auth.test"))),
        ("enable-global-auth", "false", Directives(lacking=("global-auth-url",))),
        ("limit-rate-after", "5", Directives(Policy(bandwidth=Bandwidth(rate=1)))),
    ],
)
def test_the_configmap_may_say_what_it_modifies(name: str, text: str, base: Directives) -> None:
    assert verdict(name, text, {}).outcome is Outcome.NO_OP
    assert verdict(name, text, {}, base).outcome is Outcome.HONOURED


def test_the_configmap_may_block_what_any_suffices_for() -> None:
    blocking = Directives(blocked=(NETWORK,))
    assert verdict("satisfy", "any", LOGGED_IN, blocking).outcome is Outcome.HONOURED


def test_what_no_annotation_asks_for_is_told_before_what_is_missing() -> None:
    row = Row(
        name="own",
        tier=Tier.RARE,
        summary="",
        value=boolean(),
        modifies=Modified("another", lambda _: False),
        idles=lambda text, base, directives: Idle(f"{text} is nothing", "remove it"),
    )
    honoured = Verdict("x/own", Outcome.HONOURED)
    said = {"x/own": Said(row, "true", is_usual=True)}
    unsupported = Verdict("x/own", Outcome.UNSUPPORTED)
    for told in tell_of_idle([honoured, unsupported], said, BARE, BARE):
        assert (told.outcome, told.message) == (Outcome.NO_OP, "true is nothing")
    others = [Verdict("x/own", Outcome.INVALID), structs.replace(unsupported, is_blocking=True)]
    assert tell_of_idle(others, said, BARE, BARE) == others


def test_pods_that_are_spoken_to_without_tls_are_told_of_first() -> None:
    told = verdict("proxy-ssl-name", "a.test", {"proxy-ssl-secret": "default/pods"})
    assert told.message.startswith("pods are spoken to in plain HTTP")
