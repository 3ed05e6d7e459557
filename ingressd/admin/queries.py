"""What a person asks for, out of text: a request to explain, verdicts to list."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

import msgspec

from ingressd.admin.involved import Explained, with_findings
from ingressd.admin.view import View
from ingressd.compiler.annotations.verdict import Outcome
from ingressd.routing.explaining.explain import explain
from ingressd.routing.explaining.outcome import Query


class BadQuery(ValueError):
    """The text is not what was asked for, such as a URL; the message says what is expected."""


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
) -> Explained:
    """What the running program makes of a request. Raises BadQuery."""
    query = read_query(url, method, headers)
    explanation = explain(view.table, msgspec.structs.replace(query, ports=view.ports))
    return with_findings(explanation, view.findings)


def read_outcomes(texts: Iterable[str]) -> frozenset[str]:
    """Outcomes of annotations that are asked for by name. Raises BadQuery."""
    asked = frozenset(texts)
    known = [outcome.value for outcome in Outcome if outcome is not Outcome.HONOURED]
    for text in sorted(asked.difference(known)):
        raise BadQuery(f"no finding has the verdict {text!r}; there are: {', '.join(known)}")
    return asked


def _split(url: str) -> SplitResult:
    text = _utf8(url).strip()
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
    except ValueError as error:
        raise BadQuery(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadQuery(f"{url!r} is not a URL such as http://kubia.example.com/foo")
    return parts


def _read_header(line: str) -> tuple[str, str]:
    name, colon, value = _utf8(line).partition(":")
    if not colon or not name.strip():
        raise BadQuery(f"{line!r} is not a header such as 'Name: value'")
    return name.strip(), value.strip()


def _utf8(text: str) -> str:
    """The text, unless it came with other bytes, which Python keeps as surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadQuery(f"{text!r} is not UTF-8; write other bytes such as %FF") from error
    return text
