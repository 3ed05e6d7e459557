"""Which backend a request goes to."""

from __future__ import annotations

import pytest

from ingressd.routing.deciding.canaries import Canary, Decision, decide_canary, draw_canary
from ingressd.routing.model import Alternative, Backend
from ingressd.routing.policy import CanaryPolicy, HeaderMatch

VALUE = HeaderMatch(value="you", pattern="me")
PATTERN = HeaderMatch(pattern="^v[0-9]$|beta")


def canary(**policy: object) -> Canary:
    backend = Backend("default", "new", "80")
    return Canary(Alternative("default/c", "f", backend, CanaryPolicy(**policy)))  # type: ignore[arg-type]


def decided(*canaries: Canary, **said: str) -> Decision:
    """``said`` are the header x-canary and the cookie beta."""
    return decide_canary(
        canaries, {"x-canary": said.get("header")}.get, {"beta": said.get("cookie")}.get
    )


@pytest.mark.parametrize(
    ("match", "value", "answer"),
    [
        (HeaderMatch(), "always", True),
        (HeaderMatch(), "never", False),
        (HeaderMatch(), "Always", None),
        (HeaderMatch(), "", None),
        (VALUE, "you", True),
        (VALUE, "YOU", None),
        (VALUE, "me", None),
        (VALUE, "always", None),
        (VALUE, "never", None),
        (PATTERN, "v1", True),
        (PATTERN, "v10", None),
        (PATTERN, "the beta of it", True),
        (PATTERN, "Beta", None),
        (PATTERN, "always", None),
        (PATTERN, "never", None),
        (HeaderMatch(pattern="[][**da?$&*"), "always", False),
    ],
)
def test_the_header(match: HeaderMatch, value: str, answer: bool | None) -> None:
    asked = canary(header="X_Canary", header_match=match)
    assert asked.by_header({"x-canary": value}.get) is answer


def test_the_header_goes_before_the_cookie() -> None:
    one = canary(header="X-Canary", cookie="beta", weight=100)
    assert decided(one, header="always", cookie="never") == Decision(one, "header", ())
    assert decided(one, header="never", cookie="always") == Decision(None, "", [])
    assert decided(one, header="maybe", cookie="always") == Decision(one, "cookie", ())
    assert decided(one, cookie="never") == Decision(None, "", [])
    assert decided(one, cookie="maybe") == Decision(None, "", [one])


def test_several_are_asked_in_order_headers_before_cookies() -> None:
    by_cookie, by_header = canary(cookie="beta"), canary(header="x-canary")
    other = canary(header="x-canary", weight=10)
    canaries = (by_cookie, by_header, other)
    assert decided(*canaries, header="always", cookie="always").canary is by_header
    assert decided(*canaries, header="never", cookie="always").canary is by_cookie
    assert decided(*canaries, header="never").undecided == [by_cookie]
    assert decided(*canaries).undecided == [by_cookie, by_header, other]


def test_an_absent_name_is_never_asked_for() -> None:
    assert canary().by_header(lambda _: "always") is None
    assert canary().by_cookie(lambda _: "always") is None


@pytest.mark.parametrize(
    ("weight", "total", "share"),
    [(0, 100, 0), (20, 100, 0.2), (20, 50, 0.2), (20, 1000, 0.02), (100, 100, 1), (300, 100, 1),
     (-5, 100, 0), (20, -1, 0.2)],
)  # fmt: skip
def test_the_share(weight: int, total: int, share: float) -> None:
    assert canary(weight=weight, weight_total=total).share == share


def test_shares_add_up() -> None:
    fifth, half = canary(weight=20), canary(weight=50)
    drawn = [draw_canary((fifth, half), number) for number in (0, 0.19, 0.2, 0.69, 0.71, 0.999)]
    assert drawn == [fifth, fifth, half, half, None, None]
    assert draw_canary((canary(weight=0),), 0) is None
    everything = canary(weight=100)
    assert draw_canary((everything,), 1 - 1e-16) is everything
