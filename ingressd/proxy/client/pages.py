"""Error pages for clients: HTML, JSON or plain text, from templates that an operator may replace.

They say what the visitor can do and carry the request id; never an address, a name from the
cluster, or a traceback.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, Template, TemplateNotFound

from ingressd.templating import template_folders

_LOG = logging.getLogger(__name__)


class Format(NamedTuple):
    """One representation of an error page."""

    template: str
    content_type: bytes


HTML = Format("error.html.j2", b"text/html; charset=utf-8")
JSON = Format("error.json.j2", b"application/json")
TEXT = Format("error.txt.j2", b"text/plain; charset=utf-8")


class Meaning(NamedTuple):
    """What a status says: nginx's words for it, which clients of ingress-nginx may look for, and a
    sentence for a visitor."""

    reason: str
    explanation: str


_TRY_AGAIN = "Please try again in a moment."

MEANINGS: dict[int, Meaning] = {
    400: Meaning("Bad Request", "The server could not understand this request."),
    401: Meaning("Authorization Required", "You have to log in to see this."),
    403: Meaning("Forbidden", "You are not allowed to see this."),
    404: Meaning(
        "Not Found", "There is nothing at this address. Please check it for typing errors."
    ),
    405: Meaning("Not Allowed", "This address does not support that kind of request."),
    408: Meaning("Request Time-out", "The request took too long to arrive. Please try again."),
    413: Meaning("Request Entity Too Large", "What was sent is larger than the server accepts."),
    414: Meaning("Request-URI Too Large", "The address is longer than the server accepts."),
    416: Meaning("Requested Range Not Satisfiable", "There is no such part of what was asked for."),
    421: Meaning(
        "Misdirected Request", "This connection does not serve that host. Please try again."
    ),
    429: Meaning("Too Many Requests", "Too many requests came in a short time. Please slow down."),
    431: Meaning(
        "Request Header Or Cookie Too Large", "The request has more headers than is accepted."
    ),
    500: Meaning("Internal Server Error", f"Something went wrong on our side. {_TRY_AGAIN}"),
    502: Meaning("Bad Gateway", f"The application gave no usable answer. {_TRY_AGAIN}"),
    503: Meaning(
        "Service Temporarily Unavailable",
        f"The application is unavailable right now. {_TRY_AGAIN}",
    ),
    504: Meaning("Gateway Time-out", f"The application took too long to answer. {_TRY_AGAIN}"),
}


def meaning_of(status: int) -> Meaning:
    """The meaning of any status, a general one for those without an own sentence."""
    known = MEANINGS.get(status)
    if known is not None:
        return known
    general = MEANINGS[400] if status < 500 else MEANINGS[500]
    try:
        return Meaning(HTTPStatus(status).phrase, general.explanation)
    except ValueError:
        return Meaning("Error", general.explanation)


class ErrorPages:
    """Renders error pages; templates are compiled once, when it is made.

    ``folder`` is where templates are that win over ours, "" for none. One of them that does not
    compile or render gives way to ours, and is logged.
    """

    def __init__(self, folder: str = "") -> None:
        folders = template_folders(folder)
        self._candidates = {
            page: [found for path in folders if (found := _load(path, page.template))]
            for page in (HTML, JSON, TEXT)
        }

    def render(
        self, status: int, accept: str | None, request_id: str, detail: str = ""
    ) -> tuple[bytes, bytes]:
        """The content type and the body for a client that sent this Accept header.

        ``detail`` is one more sentence for the visitor.
        """
        page = negotiate(accept)
        meaning = meaning_of(status)
        candidates = self._candidates[page]
        while candidates:
            try:
                text = candidates[0].render(
                    status=status,
                    reason=meaning.reason,
                    explanation=meaning.explanation,
                    request_id=request_id,
                    detail=detail,
                )
                return page.content_type, text.encode("utf-8", "replace")
            except Exception:  # a template can fail in any way
                _LOG.exception("%s cannot be rendered and is not used", candidates[0].filename)
                del candidates[0]
        return TEXT.content_type, f"{status} {meaning.reason}\n".encode()


def _load(folder: Path, name: str) -> Template | None:
    """The template of one folder, or None where it is missing or does not compile."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=not name.endswith(".txt.j2"),
        keep_trailing_newline=True,
    )
    try:
        return environment.get_template(name)
    except TemplateNotFound:
        return None
    except Exception:
        _LOG.exception("%s cannot be compiled and is not used", folder / name)
        return None


_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_LONGEST_ACCEPT = 1024  # characters that are read; browsers send about 150
_HTML_TYPES = frozenset(("text/html", "application/xhtml+xml"))


def negotiate(accept: str | None) -> Format:
    """The representation an Accept header prefers (RFC 9110 section 12.5.1).

    HTML and JSON are for those who ask by name; wildcards, silence and everything else get text.
    Between equal qualities a name beats a wildcard, and then the first one wins.
    """
    if not accept:
        return TEXT
    best = TEXT
    best_rank = (0.0, False)
    for media_range in accept[:_LONGEST_ACCEPT].lower().split(","):
        media_type, *parameters = (part.strip(" \t") for part in media_range.split(";"))
        page = _format_of(media_type)
        if page is None:
            continue
        rank = (_quality(parameters), not media_type.endswith("/*"))
        if rank[0] and rank > best_rank:
            best, best_rank = page, rank
    return best


def _format_of(media_type: str) -> Format | None:
    if media_type in _HTML_TYPES:
        return HTML
    if media_type == "application/json" or media_type.endswith("+json"):
        return JSON
    if media_type in ("text/plain", "text/*", "*/*"):
        return TEXT
    return None


def _quality(parameters: list[str]) -> float:
    """The weight of a media range; a malformed one is none at all."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name == "q":
            return float(value) if _QUALITY.fullmatch(value) else 0.0
    return 1.0
