"""What a service is asked about a request: the fields of ingress-nginx and of the client."""

from __future__ import annotations

from collections.abc import Iterator

from multidict import CIMultiDict
from yarl import URL

from ingressd.proxy.client.request import Request
from ingressd.proxy.headers import alike, without_alike
from ingressd.proxy.inquiry.courier import Question, Unanswered
from ingressd.proxy.variables import asked_target
from ingressd.routing.policy import ExternalAuth
from ingressd.routing.variables import Lookup, as_field, as_url, parse_template

_SENDER = "nginx-ingress-controller"
_FORWARDED_FOR = b"X-Forwarded-For: "
_CERTIFICATE = b"ssl-client-"


class QuestionMaker:
    """Makes the questions of one route."""

    def __init__(self, auth: ExternalAuth) -> None:
        self._method = auth.method or "GET"
        self._tells_more = bool(auth.method)
        self._url = parse_template(auth.url)
        self._redirect = parse_template(auth.request_redirect or "$request_uri")
        self._fields = [(name, parse_template(text)) for name, text in auth.headers]

    def make(self, request: Request, lookup: Lookup) -> Question:
        """The question about a request. Raises Unanswered where the URL is none, once its variables
        have their values."""
        url = self._url_for(lookup)
        ours = {name.lower(): (name, text) for name, text in self._own(request, lookup, url)}
        for name, template in self._fields:
            ours[name.lower()] = (name, as_field(template.render(lookup)))
        fields = [(name, text) for name, text in ours.values() if text]
        names = alike(name.encode() for name in ours)
        fields += _clients(request, names)
        return Question(self._method, url, CIMultiDict(fields))

    def _url_for(self, lookup: Lookup) -> URL:
        try:
            url = URL(as_url(self._url.render(lookup)), encoded=True)
            is_good = bool(url.raw_host and url.port)  # it is not looked at before
        except ValueError as error:
            raise Unanswered(str(error)) from None
        if not is_good:
            raise Unanswered("no host or port")
        return url

    def _own(self, request: Request, lookup: Lookup, url: URL) -> Iterator[tuple[str, str]]:
        """Path and query are those that the client wrote, whatever has been rewritten since."""
        target = as_url(asked_target(request))
        authority = as_url(request.authority.decode("latin-1"))
        yield "Host", url.host_subcomponent or ""
        yield "X-Request-ID", request.request_id.decode("latin-1")
        yield "X-Original-URL", f"{request.client.scheme}://{authority}{target}"
        yield "X-Original-Method", request.method
        yield "X-Sent-From", _SENDER
        yield "X-Real-IP", request.remote
        yield "X-Forwarded-For", _forwarded_for(request)
        yield "X-Auth-Request-Redirect", as_field(self._redirect.render(lookup))
        if self._tells_more:
            yield "X-Original-URI", target
            yield "X-Scheme", request.scheme


def _clients(request: Request, ours: frozenset[bytes]) -> list[tuple[str, str]]:
    """The client's own fields as they came, but for ``ours`` and those about its certificate, of
    which pods are told the truth. What is no UTF-8 cannot be told, and is marked."""
    lines, _ = request.client.split(request.message.raw_headers)
    told = [entry for entry in lines if not _is_about_certificate(entry)]
    told += filter(_is_about_certificate, request.lines)
    kept = (entry[:-2].decode("utf-8", "replace") for entry in without_alike(told, ours))
    return [(name, value) for name, _, value in (entry.partition(": ") for entry in kept)]


def _is_about_certificate(entry: bytes) -> bool:
    return entry[: len(_CERTIFICATE)].lower().replace(b"_", b"-") == _CERTIFICATE


def _forwarded_for(request: Request) -> str:
    """What pods are told, too: the client, or the whole way where that is asked for."""
    for entry in request.visitor.forwarded.split(b"\r\n"):
        if entry.startswith(_FORWARDED_FOR):
            return entry.removeprefix(_FORWARDED_FOR).decode("latin-1")
    return request.remote
