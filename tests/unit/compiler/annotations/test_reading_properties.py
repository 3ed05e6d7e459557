"""Any text in any annotation is told apart: it holds, or its owner learns what happens instead."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from ingressd.compiler.annotations.reading import Reading, closed, read_annotations
from ingressd.compiler.annotations.table import BY_NAME
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.resources.metadata import ObjectKey

PREFIX = "nginx.ingress.kubernetes.io"
SUBJECT = ObjectKey("Ingress", "default", "web")
WORDS = st.sampled_from(
    ["true", "false", "", " ", "0", "1", "-1", "60", "60s", "1e9", "9" * 30, "cookie", "HTTPS",
     "/", "/$1", "http://a.test/$1", "a=b", "a,b", "10.0.0.0/8", "::1/64", "0.0.0.0/0,x", "a/b",
     "*", "$", "\n", "\r\nX: y", "\0", "é", "\u0661", "\ud800", "{}", "${x}", "nil", "Lax", "SHA1"]
)  # fmt: skip
TEXTS = st.text(max_size=20) | WORDS | st.lists(WORDS, max_size=4).map(",".join)
WRITTEN = st.dictionaries(st.sampled_from(sorted(BY_NAME)), TEXTS, max_size=5)


def read(written: dict[str, str]) -> Reading:
    return read_annotations({f"{PREFIX}/{name}": text for name, text in written.items()}, PREFIX)


def check(written: dict[str, str], reading: Reading) -> None:
    told = [verdict.annotation.removeprefix(f"{PREFIX}/") for verdict in reading.verdicts]
    assert sorted(told) == sorted(written)
    for verdict in reading.verdicts:
        finding = verdict.as_finding(SUBJECT)
        assert (finding is None) == (verdict.outcome is Outcome.HONOURED)
        assert finding is None or (finding.message and finding.remedy)


@settings(max_examples=25, deadline=None)
@given(TEXTS)
def test_every_row_has_a_verdict_on_any_text(text: str) -> None:
    for name in BY_NAME:
        check({name: text}, read({name: text}))


@settings(deadline=None)
@given(WRITTEN)
def test_several_annotations_each_have_a_verdict(written: dict[str, str]) -> None:
    check(written, read(written))


@settings(deadline=None)
@given(WRITTEN, st.randoms())
def test_their_order_does_not_matter(written: dict[str, str], random: object) -> None:
    names = sorted(written)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert read({name: written[name] for name in names}) == read(written)


@settings(deadline=None)
@given(WRITTEN)
def test_what_is_invalid_changes_nothing_but_may_close(written: dict[str, str]) -> None:
    reading = read(written)
    invalid = {each.annotation for each in reading.verdicts if each.outcome is Outcome.INVALID}
    rest = {name: text for name, text in written.items() if f"{PREFIX}/{name}" not in invalid}
    expected = read(rest).directives
    host = reading.directives.host
    if host.client_certificates is not None:  # these close a host of their own
        expected = structs.replace(expected, host=host)
    if reading.directives.is_half_canary:  # whatever it says, it was meant for a canary
        expected = structs.replace(expected, is_half_canary=True)
    assert reading.directives == (closed(expected) if reading.is_blocked else expected)
