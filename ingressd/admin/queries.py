"""A request to explain, out of what a person typed: a URL, a method, header lines."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

import msgspec

from ingressd.admin.view import View
from ingressd.routing.explain import Explanation, explain
from ingressd.routing.outcome import Query


class BadQuery(ValueError):
    """The text is no URL or header; the message says what is expected."""


def read_query(url: str, method: str = "GET", headers: Iterable[str] = ()) -> Query:
    """The query for ``url`` (``http`` where no scheme is given). Raises BadQuery.

    A ``Host`` header among ``headers`` replaces the URL's host, as it does on the wire.
    """
    parts = _split(url)
    fields = tuple(_read_header(line) for line in headers)
    hosts = [value for name, value in fields if name.lower() == "host"]
    return Query(
        host=hosts[-1] if hosts else parts.netloc.rpartition("@")[2],
        path=parts.path or "/",
        query=parts.query,
        method=method or "GET",
        scheme=parts.scheme,
        headers=fields,
        server_name=parts.hostname if hosts else None,
    )


def explain_request(
    view: View, url: str, method: str = "GET", headers: Iterable[str] = ()
) -> Explanation:
    """What the running program makes of a request. Raises BadQuery."""
    query = read_query(url, method, headers)
    return explain(view.table, msgspec.structs.replace(query, https_port=view.https_port))


def _split(url: str) -> SplitResult:
    text = url.strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
    except ValueError as error:
        raise BadQuery(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadQuery(f"{url!r} is not a URL such as http://kubia.example.com/foo")
    return parts


def _read_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise BadQuery(f"{line!r} is not a header such as 'Name: value'")
    return name.strip(), value.strip()
