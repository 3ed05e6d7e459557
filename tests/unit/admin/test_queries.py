from __future__ import annotations

import pytest

from ingressd.admin.queries import BadQuery, read_query


def test_a_url_becomes_the_request_that_curl_would_send() -> None:
    query = read_query("https://Shop.test:8443/a%2Fb/../c?x=1#top", "POST", ["X-Id:  1 "])

    assert (query.scheme, query.host, query.path) == ("https", "Shop.test:8443", "/a%2Fb/../c")
    assert (query.query, query.method, query.headers) == ("x=1", "POST", (("X-Id", "1"),))


def test_http_and_the_root_are_what_is_left_out() -> None:
    query = read_query("shop.test")

    assert (query.scheme, query.host, query.path, query.method) == ("http", "shop.test", "/", "GET")


def test_a_host_header_is_what_is_matched_and_the_url_what_sni_says() -> None:
    query = read_query("https://10.0.0.1/", headers=["host: shop.test"])

    assert query.host == "shop.test"
    assert query.server_name == "10.0.0.1"


def test_credentials_are_no_part_of_the_host() -> None:
    assert read_query("http://user:pass@shop.test/").host == "shop.test"


@pytest.mark.parametrize("url", ["", "ftp://shop.test/", "http:///path", "http://[::1/"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(BadQuery, match="is not a URL"):
        read_query(url)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadQuery, match="is not UTF-8"):
        read_query("http://shop.test/\udcff")
    with pytest.raises(BadQuery, match="is not UTF-8"):
        read_query("http://shop.test/", headers=["a: \udcff"])


@pytest.mark.parametrize("line", ["no colon", ": value"])
def test_what_is_no_header_is_refused(line: str) -> None:
    with pytest.raises(BadQuery, match="is not a header"):
        read_query("http://shop.test/", headers=[line])
