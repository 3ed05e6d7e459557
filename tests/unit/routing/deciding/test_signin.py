from __future__ import annotations

import pytest

from ingressd.routing.deciding.signin import signin_template
from ingressd.routing.policy import ExternalAuth
from ingressd.routing.variables import parse_template

FROM = "$pass_access_scheme://$http_host$escaped_request_uri"


@pytest.mark.parametrize(
    ("signin", "parameter", "expected"),
    [
        ("http://a.test/in", "rd", f"http://a.test/in?rd={FROM}"),
        ("http://a.test/in?", "rd", f"http://a.test/in?rd={FROM}"),
        ("http://a.test/in?x=y", "rd", f"http://a.test/in?x=y&rd={FROM}"),
        ("http://a.test/in?x", "rd", f"http://a.test/in?x&rd={FROM}"),
        ("http://a.test/in?rd=$scheme", "rd", "http://a.test/in?rd=$scheme"),
        ("http://a.test/in?rd=", "rd", f"http://a.test/in?rd=&rd={FROM}"),
        ("http://a.test/in?rd=&rd=1", "rd", f"http://a.test/in?rd=&rd=1&rd={FROM}"),
        ("http://a.test/in?xrd=1", "rd", f"http://a.test/in?xrd=1&rd={FROM}"),
        ("http://a.test/in?rd=1", "to", f"http://a.test/in?rd=1&to={FROM}"),
        ("/in", "rd", f"/in?rd={FROM}"),
    ],
)
def test_where_the_client_comes_from_is_said_once(
    signin: str, parameter: str, expected: str
) -> None:
    auth = ExternalAuth("http://auth.test", signin=signin, signin_parameter=parameter)
    assert signin_template(auth) == parse_template(expected)
