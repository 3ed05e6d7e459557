from __future__ import annotations

import pytest
from support.proxies import route
from support.requests import get, lenient_connection, proxy_connection, received

from ingressd.proxy.client.request import Request
from ingressd.proxy.inquiry.courier import Question, Unanswered
from ingressd.proxy.inquiry.question import QuestionMaker
from ingressd.proxy.variables import lookup_in
from ingressd.routing.policy import ExternalAuth

URL = "http://auth.test:8080/verify"


def question(request: Request, auth: ExternalAuth = ExternalAuth(URL)) -> Question:  # noqa: B008
    return QuestionMaker(auth).make(request, lookup_in(request, route()))


def told(request: Request, auth: ExternalAuth = ExternalAuth(URL)) -> dict[str, str]:  # noqa: B008
    fields = question(request, auth).fields
    assert len(dict(fields)) == len(fields), "each once"
    return dict(fields)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "auth.test"),
        ("http://[::1]:8080/", "[::1]"),
        ("https://10.0.0.1", "10.0.0.1"),
        ("http://$host/", "a.test"),
    ],
)
async def test_host_is_that_of_the_url_without_its_port(url: str, host: str) -> None:
    assert told(get(), ExternalAuth(url))["Host"] == host


async def test_the_url_stays_as_it_is_written_and_values_cannot_break_it() -> None:
    request = get(b"/a%20b?x=%zz", b"X-User: j \xc3\xa9\xff\r\n")
    auth = ExternalAuth("http://auth.test/a/../%2f?to=$request_uri&by=$http_x_user&at=$uri")
    url = question(request, auth).url
    assert url.raw_path_qs == "/a/../%2f?to=/a%20b?x=%zz&by=j%20%C3%A9%FF&at=/a%20b"


async def test_what_the_proxy_before_us_says_of_the_client_is_told() -> None:
    client = proxy_connection(append=True)
    request = get(
        b"/", b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n"
        b"X-Forwarded-Host: b.test\r\n", client,
    )  # fmt: skip
    fields = told(request, ExternalAuth(URL, method="GET"))
    assert fields["X-Real-IP"] == "192.0.2.7"
    assert fields["X-Forwarded-For"] == "192.0.2.7, 10.0.0.1"
    assert fields["X-Scheme"] == "https"
    assert fields["X-Original-URL"] == "http://a.test/"
    assert "X-Forwarded-Proto" not in fields


async def test_what_was_rewritten_is_told_as_it_was_asked_for() -> None:
    request = get(b"/asked?x")
    request.target = "/rewritten"
    fields = told(request)
    assert fields["X-Original-URL"] == "http://a.test/asked?x"
    assert fields["X-Auth-Request-Redirect"] == "/asked?x"


async def test_bytes_that_are_no_text_are_marked() -> None:
    fields = told(get(extra=b"X-User: caf\xe9\r\n"))
    assert fields["X-User"] == "caf\ufffd"


async def test_fields_of_clients_that_travel_no_further_are_not_told() -> None:
    raw = (
        b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: X-Hop\r\nX-Hop: 1\r\nX_Under: 1\r\n"
        b"TE: trailers\r\nX-Forwarded-Host: evil.test\r\nX-Kept: 1\r\n\r\n"
    )
    fields = told(received(raw))
    names = {name.lower() for name in fields}
    assert names.isdisjoint({"connection", "x-hop", "x_under", "te", "x-forwarded-host"})
    assert fields["X-Kept"] == "1"


async def test_where_underscores_are_kept_the_service_is_told_as_well() -> None:
    sent = b"X_Token: 1\r\nX_Sent_From: me\r\nX_Real_IP: 6.6.6.6\r\nSSL_Client_Verify: OK\r\n"
    request = get(extra=sent, client=lenient_connection())
    request.lines = []  # of which the filter for certificates has let nothing pass
    fields = told(request)
    assert fields["X_Token"] == "1"
    assert set(fields).isdisjoint({"X_Sent_From", "X_Real_IP", "SSL_Client_Verify"})


async def test_certificates_are_told_as_the_pod_is_told() -> None:
    request = get(extra=b"SSL-Client-Verify: SUCCESS\r\nX-A: 1\r\n")
    request.lines = [b"ssl-client-verify: NONE\r\n", b"X-Claimed: by another filter\r\n"]
    fields = told(request)
    assert fields["ssl-client-verify"] == "NONE"
    assert fields["X-A"] == "1"
    assert "SSL-Client-Verify" not in fields
    assert "X-Claimed" not in fields


async def test_headers_of_the_configmap_win_over_all_others_and_an_empty_one_takes_away() -> None:
    own = (("X-Real-IP", "hidden"), ("X-Sent-From", ""), ("Cookie", ""), ("X-New", "$http_x_a !"))
    request = get(extra=b"Cookie: a=b\r\nX-A: 1\r\nx-new: 2\r\n")
    fields = told(request, ExternalAuth(URL, headers=own))
    assert fields["X-Real-IP"] == "hidden"
    assert fields["X-New"] == "1 !"
    assert "X-Sent-From" not in fields
    assert "Cookie" not in fields


@pytest.mark.parametrize("url", ["http://a:$arg_p/", "http://:8$arg_q/", "http://a:0$arg_q/"])
async def test_a_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Unanswered, match=r"(?i)port"):
        question(get(b"/?p=99999"), ExternalAuth(url))
